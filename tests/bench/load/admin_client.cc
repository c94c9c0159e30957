#include "tests/bench/load/admin_client.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "muster/admin/v1/token.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"
#include "proto/rpc/words.h"

namespace muster::bench {
namespace {

namespace v1 = muster::admin::v1;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Status Checked(const grpc::Status& status, absl::string_view call) {
  return Annotate(rpc::FromGrpcStatus(status), call);
}

void Limit(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

class GrpcAdminClient final : public AdminClient {
 public:
  explicit GrpcAdminClient(const std::shared_ptr<grpc::Channel>& channel)
      : system_(v1::SystemService::NewStub(channel)),
        zones_(v1::ZoneService::NewStub(channel)),
        servers_(v1::ServerService::NewStub(channel)),
        tokens_(v1::TokenService::NewStub(channel)),
        rollouts_(v1::RolloutService::NewStub(channel)) {}

  absl::Status AwaitReady(absl::Duration timeout) override {
    grpc::ClientContext context;
    Limit(context, timeout);
    context.set_wait_for_ready(true);
    v1::SystemStatus status;
    return Checked(system_->GetStatus(&context, {}, &status), "get status");
  }

  absl::Status MakeFleet(const HubAccess& hub, int servers) override {
    v1::ApplyFleetRequest fleet;
    auto& tenant = *fleet.add_tenants();
    tenant.set_tenant_id(kLoadTenant);
    auto& zone = *tenant.add_zones();
    zone.set_zone(kLoadZone);
    zone.set_hub_url(hub.url);
    zone.set_max_concurrent_joins(1000);
    zone.mutable_joining_key()->set_client_id(hub.joining_client_id);
    zone.mutable_joining_key()->set_secret(hub.joining_secret);
    zone.mutable_verifier()->set_username(hub.username);
    zone.mutable_verifier()->set_password(hub.password);
    grpc::ClientContext apply_context;
    Limit(apply_context, absl::Seconds(30));
    v1::ApplyFleetResponse applied;
    RETURN_IF_ERROR(Checked(zones_->ApplyFleet(&apply_context, fleet, &applied), "apply fleet"));

    v1::ImportServersRequest rows;
    for (int i = 0; i < servers; ++i) {
      auto& row = *rows.add_rows();
      row.set_line(i + 1);
      row.set_tenant_id(kLoadTenant);
      row.set_zone(kLoadZone);
      row.set_name(LoadServerName(i));
    }
    grpc::ClientContext import_context;
    Limit(import_context, absl::Minutes(2));
    v1::ImportServersResponse imported;
    RETURN_IF_ERROR(
        Checked(servers_->ImportServers(&import_context, rows, &imported), "import servers"));
    if (imported.created() != servers) {
      return absl::AbortedError(
          absl::StrCat("imported ", imported.created(), " of ", servers, " servers"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> MakeToken(int uses) override {
    v1::CreateTokenRequest request;
    request.set_zone_id(absl::StrCat(kLoadTenant, "/", kLoadZone));
    request.set_max_uses(uses);
    request.set_any_name(true);
    grpc::ClientContext context;
    Limit(context, absl::Seconds(30));
    v1::CreateTokenResponse response;
    RETURN_IF_ERROR(Checked(tokens_->CreateToken(&context, request, &response), "create token"));
    return response.token_file();
  }

  absl::StatusOr<RolloutOutcome> RunRollout(const std::string& kind) override {
    v1::CreateRolloutRequest request;
    request.set_kind(rpc::ParseWord<v1::CommandKind>(kind).value());
    request.mutable_selection()->set_tenant_id(kLoadTenant);
    request.set_max_concurrency("100%");
    request.set_max_failures("100%");
    grpc::ClientContext create_context;
    Limit(create_context, absl::Minutes(1));
    v1::Rollout rollout;
    RETURN_IF_ERROR(
        Checked(rollouts_->CreateRollout(&create_context, request, &rollout), "create rollout"));

    v1::GetRolloutRequest watched;
    watched.set_rollout_id(rollout.rollout_id());
    grpc::ClientContext watch_context;
    Limit(watch_context, absl::Minutes(10));
    const auto reader = rollouts_->WatchRollout(&watch_context, watched);
    for (v1::Rollout news; reader->Read(&news);) rollout = news;
    RETURN_IF_ERROR(Checked(reader->Finish(), absl::StrCat("watch the ", kind, " rollout")));
    if (!rollout.has_finish_time()) {
      return absl::AbortedError(absl::StrCat("the ", kind, " rollout stands ",
                                             rpc::WordOf(rollout.state()), " ", rollout.reason()));
    }
    return RolloutOutcome{.time = TimeOf(rollout.finish_time()) - TimeOf(rollout.create_time()),
                          .succeeded = rollout.counts().succeeded(),
                          .total = rollout.counts().total(),
                          .state = rpc::WordOf(rollout.state())};
  }

 private:
  const std::unique_ptr<v1::SystemService::Stub> system_;
  const std::unique_ptr<v1::ZoneService::Stub> zones_;
  const std::unique_ptr<v1::ServerService::Stub> servers_;
  const std::unique_ptr<v1::TokenService::Stub> tokens_;
  const std::unique_ptr<v1::RolloutService::Stub> rollouts_;
};

}  // namespace

std::string LoadServerName(int number) { return absl::StrFormat("load-%05d", number + 1); }

std::unique_ptr<AdminClient> AdminClient::Create(const std::string& address) {
  return std::make_unique<GrpcAdminClient>(
      rpc::MakeChannel(address, rpc::LocalChannelCredentials()));
}

}  // namespace muster::bench
