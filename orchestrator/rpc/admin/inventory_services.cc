// muster.admin.v1.TenantService and ZoneService.
#include <utility>

#include "base/crypto/trust_anchors.h"
#include "base/failure.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

namespace admin = muster::admin::v1;

// An answer without content.
template <typename T>
core::Answer<T> AnswerDone(Reply reply) {
  return
      [reply = std::move(reply)](absl::StatusOr<T> done) mutable { reply.Finish(done.status()); };
}

class TenantService final : public admin::TenantService::CallbackService, AdminCalls {
 public:
  TenantService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::TenantService::service_full_name()) {}

  grpc::ServerUnaryReactor* ListTenants(grpc::CallbackServerContext* context,
                                        const admin::ListTenantsRequest*,
                                        admin::ListTenantsResponse* response) override {
    return Read(context, "ListTenants",
                [response](const Caller& caller, const store::Snapshot& snapshot) -> absl::Status {
                  ASSIGN_OR_RETURN(const auto tenants, snapshot.tenants().List());
                  for (const store::Tenant& tenant : tenants) {
                    if (!caller.Sees(tenant.id)) continue;
                    auto& out = *response->add_tenants();
                    out.set_tenant_id(tenant.id.value());
                    out.set_display_name(tenant.display_name);
                    *out.mutable_create_time() = ToProto(tenant.create_time);
                  }
                  return absl::OkStatus();
                });
  }

  grpc::ServerUnaryReactor* DeleteTenant(grpc::CallbackServerContext* context,
                                         const admin::DeleteTenantRequest* request,
                                         admin::DeleteTenantResponse*) override {
    return Run(context, "DeleteTenant",
               [this, request](const Caller& caller, Snapshot snapshot, Reply reply) {
                 snapshot.reset();
                 d_.operations.fleet.Call(&core::FleetOperations::DeleteTenant,
                                          AnswerDone<TenantId>(std::move(reply)), caller.actor,
                                          TenantId(request->tenant_id()));
               });
  }
};

absl::StatusOr<core::JoiningKeyInput> JoiningKeyOf(const std::string& client_id,
                                                   const std::string& secret) {
  if (client_id.empty() || secret.empty()) {
    return InvalidRequest("a joining key needs both client_id and secret");
  }
  return core::JoiningKeyInput{client_id, Secret::CopyOf(secret)};
}

absl::StatusOr<core::VerifierInput> VerifierOf(const admin::VerifierInput& input) {
  const bool token = !input.token_client_id().empty() || !input.token_secret().empty();
  const bool login = !input.username().empty() || !input.password().empty();
  if (token + login + input.none() != 1) {
    return InvalidRequest("a verifier is either an API token, a user's login, or none");
  }
  core::VerifierInput out;
  if (input.none()) return out;
  out.kind = token ? store::VerifierKind::kApiToken : store::VerifierKind::kLogin;
  out.principal = token ? input.token_client_id() : input.username();
  out.secret = Secret::CopyOf(token ? input.token_secret() : input.password());
  if (out.principal.empty() || out.secret.empty()) {
    return InvalidRequest("a verifier needs both its name and its secret");
  }
  return out;
}

absl::StatusOr<std::vector<core::TenantInput>> FleetOf(const admin::ApplyFleetRequest& request) {
  std::vector<core::TenantInput> fleet;
  for (const auto& tenant : request.tenants()) {
    core::TenantInput out{TenantId(tenant.tenant_id()), {}, {}};
    if (tenant.has_display_name()) out.display_name = tenant.display_name();
    for (const auto& zone : tenant.zones()) {
      core::ZoneInput z{.slug = zone.zone(), .hub_url = zone.hub_url()};
      if (zone.has_display_name()) z.display_name = zone.display_name();
      if (zone.has_hub_ca_pem()) z.hub_ca_pem = zone.hub_ca_pem();
      if (zone.has_max_concurrent_joins()) z.max_concurrent_joins = zone.max_concurrent_joins();
      if (zone.has_allow_cli_join()) z.allow_cli_join = zone.allow_cli_join();
      const std::string where = absl::StrCat("zone ", tenant.tenant_id(), "/", zone.zone());
      if (!zone.hub_ca_pem().empty()) {
        const auto anchors = crypto::TrustAnchorsFromPem(zone.hub_ca_pem());
        if (!anchors.ok()) {
          return InvalidRequest(absl::StrCat(where, ": hub_ca_pem: ", anchors.status().message()));
        }
      }
      if (zone.joining_key().none()) {
        if (!zone.joining_key().client_id().empty() || !zone.joining_key().secret().empty()) {
          return InvalidRequest(absl::StrCat(where, ": a joining key is given, or none"));
        }
        z.no_joining_key = true;
      } else if (zone.has_joining_key()) {
        auto key = JoiningKeyOf(zone.joining_key().client_id(), zone.joining_key().secret());
        if (!key.ok()) return Annotate(key.status(), where);
        z.joining_key = *std::move(key);
      }
      if (zone.has_verifier()) {
        auto verifier = VerifierOf(zone.verifier());
        if (!verifier.ok()) return Annotate(verifier.status(), where);
        z.verifier = *std::move(verifier);
      }
      out.zones.push_back(std::move(z));
    }
    fleet.push_back(std::move(out));
  }
  return fleet;
}

class ZoneService final : public admin::ZoneService::CallbackService, AdminCalls {
 public:
  ZoneService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::ZoneService::service_full_name()) {}

  grpc::ServerUnaryReactor* ListZones(grpc::CallbackServerContext* context,
                                      const admin::ListZonesRequest* request,
                                      admin::ListZonesResponse* response) override {
    return Read(
        context, "ListZones",
        [request, response](const Caller& caller, const store::Snapshot& snapshot) -> absl::Status {
          admin::Selection selection;
          selection.set_tenant_id(request->tenant_id());
          ASSIGN_OR_RETURN(const auto checked, CheckSelection(selection, caller, snapshot));
          ASSIGN_OR_RETURN(const auto zones, snapshot.zones().List(checked.tenant_id));
          for (const store::Zone& zone : zones) {
            if (!caller.Sees(zone.tenant_id)) continue;
            ASSIGN_OR_RETURN(*response->add_zones(), ToProto(zone, snapshot));
          }
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* DeleteZone(grpc::CallbackServerContext* context,
                                       const admin::DeleteZoneRequest* request,
                                       admin::DeleteZoneResponse*) override {
    return Run(context, "DeleteZone",
               [this, request](const Caller& caller, Snapshot snapshot, Reply reply) {
                 snapshot.reset();
                 d_.operations.fleet.Call(&core::FleetOperations::DeleteZone,
                                          AnswerDone<ZoneId>(std::move(reply)), caller.actor,
                                          ZoneId(request->zone_id()));
               });
  }

  grpc::ServerUnaryReactor* SetJoiningKey(grpc::CallbackServerContext* context,
                                          const admin::SetJoiningKeyRequest* request,
                                          admin::SetJoiningKeyResponse* response) override {
    return Run(context, "SetJoiningKey",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto zone = FindZone(request->zone_id(), caller, *snapshot);
                 if (!zone.ok()) return reply.Finish(zone.status());
                 auto key = JoiningKeyOf(request->client_id(), request->secret());
                 if (!key.ok()) return reply.Finish(key.status());
                 snapshot.reset();
                 d_.operations.fleet.Call(
                     &core::FleetOperations::SetJoiningKey,
                     [this, response,
                      reply = std::move(reply)](absl::StatusOr<store::Zone> changed) mutable {
                       if (!changed.ok()) return reply.Finish(changed.status());
                       AnswerOnPool(std::move(reply),
                                    [response, zone = *std::move(changed)](
                                        const store::Snapshot& now) -> absl::Status {
                                      ASSIGN_OR_RETURN(*response->mutable_zone(),
                                                       ToProto(zone, now));
                                      return absl::OkStatus();
                                    });
                     },
                     caller.actor, zone->id, *std::move(key));
               });
  }

  grpc::ServerUnaryReactor* RemoveJoiningKey(grpc::CallbackServerContext* context,
                                             const admin::RemoveJoiningKeyRequest* request,
                                             admin::RemoveJoiningKeyResponse* response) override {
    return Run(context, "RemoveJoiningKey",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto zone = FindZone(request->zone_id(), caller, *snapshot);
                 if (!zone.ok()) return reply.Finish(zone.status());
                 snapshot.reset();
                 d_.operations.fleet.Call(
                     &core::FleetOperations::RemoveJoiningKey,
                     [this, response,
                      reply = std::move(reply)](absl::StatusOr<store::Zone> changed) mutable {
                       if (!changed.ok()) return reply.Finish(changed.status());
                       AnswerOnPool(std::move(reply),
                                    [response, zone = *std::move(changed)](
                                        const store::Snapshot& now) -> absl::Status {
                                      ASSIGN_OR_RETURN(*response->mutable_zone(),
                                                       ToProto(zone, now));
                                      return absl::OkStatus();
                                    });
                     },
                     caller.actor, zone->id);
               });
  }

  grpc::ServerUnaryReactor* ApplyFleet(grpc::CallbackServerContext* context,
                                       const admin::ApplyFleetRequest* request,
                                       admin::ApplyFleetResponse* response) override {
    return Run(context, "ApplyFleet",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 snapshot.reset();
                 auto fleet = FleetOf(*request);
                 if (!fleet.ok()) return reply.Finish(fleet.status());
                 d_.operations.fleet.Call(
                     &core::FleetOperations::Apply,
                     [response, reply = std::move(reply)](
                         absl::StatusOr<std::vector<std::string>> changes) mutable {
                       if (!changes.ok()) return reply.Finish(changes.status());
                       for (std::string& change : *changes) {
                         response->add_changes(std::move(change));
                       }
                       reply.Finish(absl::OkStatus());
                     },
                     caller.actor, *std::move(fleet),
                     core::ApplyChoices{.dry_run = request->dry_run(),
                                        .replace_keys = request->replace_keys(),
                                        .replace_hub = request->replace_hub()});
               });
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTenantService(Door door, const AdminDependencies& d) {
  return std::make_unique<TenantService>(door, d);
}

std::unique_ptr<grpc::Service> MakeZoneService(Door door, const AdminDependencies& d) {
  return std::make_unique<ZoneService>(door, d);
}

}  // namespace muster::rpc
