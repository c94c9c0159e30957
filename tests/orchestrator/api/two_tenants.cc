#include "tests/orchestrator/api/two_tenants.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/key.h"
#include "base/crypto/secure_random.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "orchestrator/identity/operator_record.h"
#include "tests/fakes/fake_clock.h"
#include "tests/orchestrator/api/api_bench.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;
using store::OperatorRole;

constexpr char kPackage[] = "/muster.admin.v1.";

std::string PathOf(const char* method) { return absl::StrCat(kPackage, method); }

// What operators make.
void FillByCalls(ApiBench& bench, const std::string& tenant, Image& image) {
  admin::ApplyFleetRequest fleet;
  admin::FleetTenant& applied = *fleet.add_tenants();
  applied.set_tenant_id(tenant);
  applied.set_display_name(tenant + " display");
  admin::FleetZone& zone = *applied.add_zones();
  zone.set_zone(tenant + "zone");
  zone.set_hub_url(absl::StrCat("https://", tenant, "hub.example"));
  zone.set_display_name(tenant + " zone display");
  zone.mutable_joining_key()->set_client_id(tenant + "client");
  zone.mutable_joining_key()->set_secret(tenant + "secret");
  zone.mutable_verifier()->set_token_client_id(tenant + "verifier");
  zone.mutable_verifier()->set_token_secret(tenant + "verifiersecret");
  bench.Get<admin::ApplyFleetResponse>("provider", PathOf("ZoneService/ApplyFleet"), fleet);

  admin::ImportServersRequest import;
  for (int i = 1; i <= 4; ++i) {
    admin::ServerRow& row = *import.add_rows();
    row.set_line(i);
    row.set_tenant_id(tenant);
    row.set_zone(tenant + "zone");
    row.set_name(absl::StrCat(tenant, "web", i));
    (*row.mutable_labels())[tenant + "key"] = tenant + "value";
  }
  const auto imported = bench.Get<admin::ImportServersResponse>(
      "provider", PathOf("ServerService/ImportServers"), import);
  EXPECT_EQ(imported.created(), 4) << imported.DebugString();
  admin::GetServerRequest get;
  get.set_server(absl::StrCat(tenant, "/", tenant, "zone/", tenant, "web1"));
  image.names[tenant + ".server"] =
      bench.Get<admin::Server>("provider", PathOf("ServerService/GetServer"), get).server_id();

  admin::CreateTokenRequest token;
  token.set_zone_id(absl::StrCat(tenant, "/", tenant, "zone"));
  token.add_server_names(tenant + "web2");
  token.set_request_id(tenant + "request");
  image.names[tenant + ".token_id"] =
      bench.Get<admin::CreateTokenResponse>("provider", PathOf("TokenService/CreateToken"), token)
          .token()
          .token_id();

  admin::CreateRolloutRequest create;
  create.mutable_selection()->set_tenant_id(tenant);
  create.mutable_selection()->add_names(tenant + "web1");
  create.set_request_id(tenant + "rollout");
  image.names[tenant + ".rollout_id"] =
      bench.Get<admin::Rollout>("provider", PathOf("RolloutService/CreateRollout"), create)
          .rollout_id();
  // And one that is over.
  create.mutable_selection()->set_names(0, tenant + "web2");
  create.set_request_id(tenant + "rollout2");
  admin::GetRolloutRequest over;
  over.set_rollout_id(
      bench.Get<admin::Rollout>("provider", PathOf("RolloutService/CreateRollout"), create)
          .rollout_id());
  bench.Get<admin::Rollout>("provider", PathOf("RolloutService/CancelRollout"), over);
}

// What machines, hubs and time make.
absl::Status FillByHand(store::Transaction& t, const std::string& tenant, const Image& image) {
  const ServerId server(image.names.at(tenant + ".server"));
  const ZoneId zone(absl::StrCat(tenant, "/", tenant, "zone"));
  RETURN_IF_ERROR(t.servers().SetFacts(
      server,
      store::MachineFacts{.machine_name = tenant + "machine", .machine_id_hash = tenant + "hash"},
      store::ServiceFacts{.endpoint = tenant + "endpoint",
                          .hub_instance_id = HubInstanceId(tenant + "instance")}));
  RETURN_IF_ERROR(t.servers().SetProof(server, {.hub_instance_id = HubInstanceId(tenant + "proof"),
                                                .verified_time = kFleetTime,
                                                .reported_time = kFleetTime}));
  RETURN_IF_ERROR(
      t.observations().Note(server, FailureCode::kClockSkew, tenant + " is ahead", kFleetTime));
  RETURN_IF_ERROR(t.tokens().AddRefusal({.token_id = TokenId(image.names.at(tenant + ".token_id")),
                                         .time = kFleetTime,
                                         .address = tenant + ".address",
                                         .server_name = tenant + "stranger",
                                         .code = FailureCode::kTokenExpired}));
  RETURN_IF_ERROR(t.zones().PutReading({.zone_id = zone,
                                        .instances = 77,
                                        .failure = Failure{FailureCode::kHubUnreachable, tenant},
                                        .try_time = kFleetTime}));
  RETURN_IF_ERROR(t.findings().Insert({.id = FindingId("fnd-" + tenant),
                                       .tenant_id = TenantId(tenant),
                                       .zone_id = zone,
                                       .kind = store::FindingKind::kMissing,
                                       .subject = server.value(),
                                       .server_id = server,
                                       .hub_instance_id = HubInstanceId(tenant + "proof"),
                                       .state = store::FindingState::kOpen,
                                       .evidence = tenant + " is gone",
                                       .times = 2,
                                       .first_seen = kFleetTime,
                                       .last_seen = kFleetTime,
                                       .state_time = kFleetTime,
                                       .reason = tenant + " reason"}));
  RETURN_IF_ERROR(t.sweeps().Insert({.id = SweepId("swp-" + tenant),
                                     .tenant_id = TenantId(tenant),
                                     .zone_id = zone,
                                     .state = store::SweepState::kFailed,
                                     .actor = "operator:" + tenant,
                                     .reason = tenant + " reason",
                                     .start_time = kFleetTime,
                                     .finish_time = kFleetTime,
                                     .differences = {tenant + " difference"}}));
  store::Channel channel;
  channel.id = MakeChannelId(TenantId(tenant), tenant + "hook");
  channel.tenant_id = TenantId(tenant);
  channel.address = absl::StrCat("https://", tenant, "receiver.example/");
  channel.secret = {"sealed"};
  channel.create_time = kFleetTime;
  RETURN_IF_ERROR(t.notifications().PutChannel(channel));
  store::Delivery delivery;
  delivery.id = DeliveryId("dlv-" + tenant);
  delivery.channel_id = channel.id;
  delivery.tenant_id = TenantId(tenant);
  delivery.state = store::DeliveryState::kDelivered;
  delivery.events = 1;
  delivery.create_time = delivery.due = delivery.since = kFleetTime;
  delivery.finish_time = kFleetTime;
  RETURN_IF_ERROR(t.notifications().InsertDelivery(delivery));
  store::NotificationEvent told;
  told.kind = store::NotificationKind::kTokenRefused;
  told.time = kFleetTime;
  told.tenant_id = TenantId(tenant);
  told.summary = tenant + " is told";
  RETURN_IF_ERROR(t.notifications().AddEvent(delivery.id, 0, told));
  const store::Command command{.id = CommandId("cmd-" + tenant),
                               .server_id = server,
                               .zone_id = zone,
                               .kind = store::CommandKind::kProbe,
                               .create_time = kFleetTime,
                               .expire_time = kFleetTime + absl::Hours(1)};
  RETURN_IF_ERROR(t.attempts().InsertCommand(command));
  RETURN_IF_ERROR(t.attempts().Insert({.id = AttemptId("att-" + tenant),
                                       .command_id = command.id,
                                       .server_id = server,
                                       .kind = command.kind,
                                       .state = store::AttemptState::kFailed,
                                       .failure = Failure{FailureCode::kClockSkew, tenant},
                                       .create_time = kFleetTime,
                                       .finish_time = kFleetTime}));
  // Of the other's machine, and nobody's: as when it comes with a token of another tenant.
  return t.audit().Append(
      {.time = kFleetTime,
       .actor = "address:" + tenant,
       .action = "bootstrap.other_zone",
       .subject = image.names.at((tenant == "alpha" ? "bravo" : "alpha") + std::string(".server")),
       .detail = tenant + " was there"});
}

struct RoleName {
  OperatorRole role;
  const char* name;
};
constexpr RoleName kRoles[] = {{OperatorRole::kViewer, "viewer"},
                               {OperatorRole::kOperator, "operator"},
                               {OperatorRole::kTenantAdmin, "tenant_admin"},
                               {OperatorRole::kProviderAdmin, "provider_admin"}};

absl::Status AddOperator(store::Transaction& t, const std::string& tenant, const RoleName& role,
                         Image& image) {
  const std::string name = absl::StrCat(tenant, "-", role.name);
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate());
  std::string id = absl::StrCat("opr-", name);
  for (char& c : id) c = c == '_' ? '-' : c;
  ASSIGN_OR_RETURN(const auto certificate, FleetAuthority().IssueOperator(
                                               OperatorId(id), key.public_key(), absl::Hours(24)));
  store::Operator op{.id = OperatorId(id),
                     .name = name,
                     .role = role.role,
                     .tenants = {TenantId(tenant)},
                     .certificates = {identity::RecordOf(certificate, kFleetTime)},
                     .create_time = kFleetTime};
  RETURN_IF_ERROR(t.operators().Insert(op));
  image.operators[name] = {Door::kMutualTls, certificate.ToPem()};
  return absl::OkStatus();
}

Image MakeTwoTenants() {
  Image image;
  ApiBench bench(image);
  for (const char* tenant : {"alpha", "bravo"}) FillByCalls(bench, tenant, image);
  // A rollout of both belongs to neither.
  admin::CreateRolloutRequest both;
  both.mutable_selection()->add_names("alphaweb3");
  both.mutable_selection()->add_names("bravoweb3");
  bench.Get<admin::Rollout>("provider", PathOf("RolloutService/CreateRollout"), both);
  const absl::Status filled = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto transaction, bench.store().Begin());
    for (const char* tenant : {"alpha", "bravo"}) {
      RETURN_IF_ERROR(FillByHand(*transaction, tenant, image));
      for (const RoleName& role : kRoles) {
        RETURN_IF_ERROR(AddOperator(*transaction, tenant, role, image));
      }
    }
    return transaction->Commit();
  }();
  EXPECT_TRUE(filled.ok()) << filled;
  image.database = bench.TakeDatabase();
  return image;
}

}  // namespace

const identity::CertificateAuthority& FleetAuthority() {
  static const FakeClock* const clock = new FakeClock(kFleetTime);
  static const auto* const authority = new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(*clock, crypto::SecureRandom()));
  return *authority;
}

const Image& TwoTenants() {
  static const auto* const image = new Image(MakeTwoTenants());
  return *image;
}

}  // namespace muster::api
