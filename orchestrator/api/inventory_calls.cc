// muster.admin.v1.TenantService and ZoneService.
#include <utility>

#include "base/crypto/trust_anchors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/sweep/schedule.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

// An answer without content.
template <typename T, typename Response>
core::Answer<T> AnswerDone(Responder<Response> to) {
  return [to = std::move(to)](absl::StatusOr<T> done) mutable { to.Finish(done.status()); };
}

class TenantCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.TenantService";
  using Calls::Calls;

  absl::Status ListTenants(const Context& context, const admin::ListTenantsRequest&,
                           admin::ListTenantsResponse& response) const {
    ASSIGN_OR_RETURN(const auto tenants, context.snapshot.ListTenants());
    for (const store::Tenant& tenant : tenants) *response.add_tenants() = ToProto(tenant);
    return absl::OkStatus();
  }

  void DeleteTenant(const Context& context, const admin::DeleteTenantRequest& request,
                    Responder<admin::DeleteTenantResponse> to) const {
    d_.operations.fleet.Call(&core::FleetOperations::DeleteTenant,
                             AnswerDone<TenantId>(std::move(to)), context.caller.actor,
                             TenantId(request.tenant_id()));
  }
};

absl::StatusOr<core::JoiningKeyInput> JoiningKeyOf(const std::string& client_id,
                                                   const std::string& secret) {
  if (client_id.empty() || secret.empty()) {
    return InvalidRequest("a joining key needs both client_id and secret");
  }
  core::JoiningKeyInput input;
  input.client_id = client_id;
  input.secret = Secret::CopyOf(secret);
  return input;
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

absl::StatusOr<core::ZoneInput> ZoneOf(const admin::FleetZone& zone) {
  core::ZoneInput out{.slug = zone.zone(), .hub_url = zone.hub_url()};
  if (zone.has_display_name()) out.display_name = zone.display_name();
  if (zone.has_hub_ca_pem()) out.hub_ca_pem = zone.hub_ca_pem();
  if (zone.has_max_concurrent_joins()) out.max_concurrent_joins = zone.max_concurrent_joins();
  if (zone.has_allow_cli_join()) out.allow_cli_join = zone.allow_cli_join();
  if (zone.has_service_account()) out.service_account = zone.service_account();
  if (zone.has_verify_within()) out.verify_within = rpc::FromProto(zone.verify_within());
  if (zone.has_disconnect_patience()) {
    out.disconnect_patience = rpc::FromProto(zone.disconnect_patience());
  }
  if (zone.has_sweep()) {
    out.sweep = store::SweepPlan{zone.sweep().schedule(), zone.sweep().time_zone(),
                                 rpc::FromProto(zone.sweep().every()), zone.sweep().off(),
                                 !zone.sweep().has_ask_workers() || zone.sweep().ask_workers()};
    if (const std::string problem = core::ProblemOfSweepPlan(*out.sweep); !problem.empty()) {
      return InvalidRequest(absl::StrCat("sweep ", problem));
    }
  }
  if (!zone.hub_ca_pem().empty()) {
    const auto anchors = crypto::TrustAnchorsFromPem(zone.hub_ca_pem());
    if (!anchors.ok()) {
      return InvalidRequest(absl::StrCat("hub_ca_pem: ", anchors.status().message()));
    }
  }
  if (zone.joining_key().none()) {
    if (!zone.joining_key().client_id().empty() || !zone.joining_key().secret().empty()) {
      return InvalidRequest("a joining key is given, or none");
    }
    if (zone.joining_key().has_expire_time() || zone.joining_key().never_expires()) {
      return InvalidRequest("no joining key ends at no time");
    }
    out.no_joining_key = true;
  } else if (zone.has_joining_key()) {
    ASSIGN_OR_RETURN(out.joining_key,
                     JoiningKeyOf(zone.joining_key().client_id(), zone.joining_key().secret()));
    const bool never = zone.joining_key().never_expires();
    if (never && zone.joining_key().has_expire_time()) {
      return InvalidRequest("a joining key ends at a time, or never");
    }
    out.joining_key->keeps_expiry = !never && !zone.joining_key().has_expire_time();
    if (zone.joining_key().has_expire_time()) {
      out.joining_key->expire_time = rpc::FromProto(zone.joining_key().expire_time());
    }
  }
  if (zone.has_verifier()) {
    ASSIGN_OR_RETURN(out.verifier, VerifierOf(zone.verifier()));
  }
  return out;
}

absl::StatusOr<std::vector<core::TenantInput>> FleetOf(const admin::ApplyFleetRequest& request) {
  std::vector<core::TenantInput> fleet;
  for (const auto& tenant : request.tenants()) {
    core::TenantInput out{TenantId(tenant.tenant_id()), {}, {}};
    if (tenant.has_display_name()) out.display_name = tenant.display_name();
    for (const auto& zone : tenant.zones()) {
      auto input = ZoneOf(zone);
      if (!input.ok()) {
        return Annotate(input.status(),
                        absl::StrCat("zone ", tenant.tenant_id(), "/", zone.zone()));
      }
      out.zones.push_back(*std::move(input));
    }
    fleet.push_back(std::move(out));
  }
  return fleet;
}

class ZoneCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.ZoneService";
  using Calls::Calls;

  absl::Status ListZones(const Context& context, const admin::ListZonesRequest& request,
                         admin::ListZonesResponse& response) const {
    const TenantId tenant(request.tenant_id());
    RETURN_IF_ERROR(CheckTenant(tenant, context.snapshot));
    ASSIGN_OR_RETURN(const auto zones, context.snapshot.ListZones(tenant));
    for (const store::Zone& zone : zones) {
      ASSIGN_OR_RETURN(*response.add_zones(), ToProto(zone, context.snapshot));
    }
    return absl::OkStatus();
  }

  void DeleteZone(const Context& context, const admin::DeleteZoneRequest& request,
                  Responder<admin::DeleteZoneResponse> to) const {
    d_.operations.fleet.Call(&core::FleetOperations::DeleteZone, AnswerDone<ZoneId>(std::move(to)),
                             context.caller.actor, ZoneId(request.zone_id()));
  }

  void SetJoiningKey(const Context& context, const admin::SetJoiningKeyRequest& request,
                     Responder<admin::SetJoiningKeyResponse> to) const {
    auto key = JoiningKeyOf(request.client_id(), request.secret());
    if (!key.ok()) return to.Finish(key.status());
    if (request.has_expire_time()) key->expire_time = rpc::FromProto(request.expire_time());
    d_.operations.fleet.Call(&core::FleetOperations::SetJoiningKey,
                             AnswerZone(context, std::move(to)), context.caller.actor,
                             ZoneId(request.zone_id()), *std::move(key));
  }

  void RemoveJoiningKey(const Context& context, const admin::RemoveJoiningKeyRequest& request,
                        Responder<admin::RemoveJoiningKeyResponse> to) const {
    d_.operations.fleet.Call(&core::FleetOperations::RemoveJoiningKey,
                             AnswerZone(context, std::move(to)), context.caller.actor,
                             ZoneId(request.zone_id()));
  }

  void ApplyFleet(const Context& context, const admin::ApplyFleetRequest& request,
                  Responder<admin::ApplyFleetResponse> to) const {
    auto fleet = FleetOf(request);
    if (!fleet.ok()) return to.Finish(fleet.status());
    d_.operations.fleet.Call(
        &core::FleetOperations::Apply,
        [to = std::move(to)](absl::StatusOr<std::vector<std::string>> changes) mutable {
          if (!changes.ok()) return to.Finish(changes.status());
          for (std::string& change : *changes) to.response().add_changes(std::move(change));
          to.Finish(absl::OkStatus());
        },
        context.caller.actor, *std::move(fleet),
        core::ApplyChoices{.dry_run = request.dry_run(),
                           .replace_keys = request.replace_keys(),
                           .replace_hub = request.replace_hub()});
  }

 private:
  // The zone as it is afterwards.
  template <typename Response>
  core::Answer<store::Zone> AnswerZone(const Context& context, Responder<Response> to) const {
    return [this, wall = context.caller.actor.wall,
            to = std::move(to)](absl::StatusOr<store::Zone> changed) mutable {
      if (!changed.ok()) return to.Finish(changed.status());
      AnswerOnPool(std::move(to), std::move(wall),
                   [zone = *std::move(changed)](const store::WalledSnapshot& now,
                                                Response& response) -> absl::Status {
                     ASSIGN_OR_RETURN(*response.mutable_zone(), ToProto(zone, now));
                     return absl::OkStatus();
                   });
    };
  }
};

}  // namespace

void AddTenantCalls(CallTable& table, const Dependencies& d) {
  table.For<TenantCalls>(d)
      .Read("ListTenants", &TenantCalls::ListTenants)
      .Write("DeleteTenant", &TenantCalls::DeleteTenant);
}

void AddZoneCalls(CallTable& table, const Dependencies& d) {
  table.For<ZoneCalls>(d)
      .Read("ListZones", &ZoneCalls::ListZones)
      .Write("DeleteZone", &ZoneCalls::DeleteZone)
      .Write("SetJoiningKey", &ZoneCalls::SetJoiningKey)
      .Write("RemoveJoiningKey", &ZoneCalls::RemoveJoiningKey)
      .Write("ApplyFleet", &ZoneCalls::ApplyFleet);
}

}  // namespace muster::api
