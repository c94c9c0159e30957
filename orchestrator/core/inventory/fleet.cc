#include "orchestrator/core/inventory/fleet.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/inventory/fleet_input.h"
#include "orchestrator/core/inventory/removal.h"
#include "orchestrator/core/inventory/zone_step.h"

namespace muster::core {
namespace {

// The hubs as they would be after the fleet. That tenants share none is a rule over all of them;
// what it says names only what the actor may see.
absl::Status CheckHubs(Turn& turn, const Actor& actor, const std::vector<TenantInput>& fleet) {
  std::map<ZoneId, std::string> urls;
  ASSIGN_OR_RETURN(const std::vector<store::Zone> zones,
                   turn.store().zones().List(store::TenantWall::Everything(), TenantId()));
  for (const store::Zone& zone : zones) urls[zone.id] = zone.hub_url;
  for (const TenantInput& tenant : fleet) {
    for (const ZoneInput& zone : tenant.zones) {
      urls[MakeZoneId(tenant.id, zone.slug)] = zone.hub_url;
    }
  }
  return CheckHubsAreNotShared(urls, actor.wall);
}

// "create tenant acme", or empty when the tenant is so already.
absl::StatusOr<std::string> ApplyTenant(Turn& turn, const Actor& actor, const TenantInput& input,
                                        bool dry_run) {
  ASSIGN_OR_RETURN(const std::optional<store::Tenant> before,
                   turn.store().tenants().Find(input.id));
  store::Tenant tenant = before.value_or(store::Tenant{input.id, "", turn.now()});
  tenant.display_name = input.display_name.value_or(tenant.display_name);
  if (before.has_value() && before->display_name == tenant.display_name) return std::string();
  std::string change =
      absl::StrCat(before.has_value() ? "update" : "create", " tenant ", input.id.value());
  if (dry_run) return change;
  RETURN_IF_ERROR(turn.store().tenants().Put(tenant));
  RETURN_IF_ERROR(Audit(turn, actor.name, before.has_value() ? "tenant.update" : "tenant.create",
                        input.id.value(), input.id, change));
  return change;
}

}  // namespace

// Cached zones are dropped with the change, before anybody looks again: what is read next, after it
// was committed or undone, is true.
absl::StatusOr<std::vector<std::string>> Fleet::Apply(Turn& turn, const Actor& actor,
                                                      const std::vector<TenantInput>& fleet,
                                                      const ApplyChoices& choices) {
  zones_.Clear();
  const std::vector<std::string> problems = ProblemsOfFleet(fleet);
  if (!problems.empty()) {
    return FailureStatus(FailureCode::kConfigInvalid, absl::StrJoin(problems, "; "));
  }
  for (const TenantInput& tenant : fleet) {
    if (!actor.wall.Admits(tenant.id)) {
      return FailureStatus(FailureCode::kAuthForbidden, absl::StrCat("tenant ", tenant.id.value()));
    }
  }
  RETURN_IF_ERROR(CheckHubs(turn, actor, fleet));
  ZoneStep step(turn, tools_, actor, choices);
  for (const TenantInput& input : fleet) {
    ASSIGN_OR_RETURN(std::string change, ApplyTenant(turn, actor, input, choices.dry_run));
    if (!change.empty()) step.changes().push_back(std::move(change));
    for (const ZoneInput& zone : input.zones) RETURN_IF_ERROR(step.Apply(input.id, zone));
  }
  if (!choices.dry_run && !step.unasked_hubs().empty()) {
    return FailureStatus(FailureCode::kZoneHubChange, absl::StrJoin(step.unasked_hubs(), "; "));
  }
  if (!choices.dry_run && !step.unasked_keys().empty()) {
    return FailureStatus(FailureCode::kKeyReplace, absl::StrJoin(step.unasked_keys(), "; "));
  }
  for (const auto& [zone, servers] : step.moved()) {
    verifier_.LeaveHubs(turn, zone, {FailureCode::kVerifyHubChanged, zone.value()});
    verifier_.Release(servers);
  }
  return std::move(step.changes());
}

absl::StatusOr<store::Zone> Fleet::SetJoiningKey(Turn& turn, const Actor& actor, const ZoneId& zone,
                                                 const JoiningKeyInput& key) {
  zones_.Clear();
  ASSIGN_OR_RETURN(std::optional<store::Zone> found, turn.store().zones().Find(actor.wall, zone));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
  }
  if (const std::string problem = ProblemOfKey(key); !problem.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid, problem);
  }
  ASSIGN_OR_RETURN(const int version, ActivateNextKey(turn, tools_, zone, key));
  RETURN_IF_ERROR(Audit(turn, actor.name, "zone.key", zone.value(), found->tenant_id,
                        absl::StrCat("version ", version, ": new → active")));
  return *std::move(found);
}

absl::StatusOr<store::Zone> Fleet::RemoveJoiningKey(Turn& turn, const Actor& actor,
                                                    const ZoneId& zone) {
  zones_.Clear();
  ASSIGN_OR_RETURN(std::optional<store::Zone> found, turn.store().zones().Find(actor.wall, zone));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
  }
  ASSIGN_OR_RETURN(const auto active, turn.store().zones().FindActiveKey(zone));
  if (!active.has_value()) {
    return FailureStatus(FailureCode::kRequestState,
                         absl::StrCat("zone ", zone.value(), " has no joining key: nothing to do"));
  }
  RETURN_IF_ERROR(TaintKey(turn, actor, *active));
  return *std::move(found);
}

absl::StatusOr<ZoneId> Fleet::DeleteZone(Turn& turn, const Actor& actor, const ZoneId& zone) {
  zones_.Clear();
  RETURN_IF_ERROR(core::DeleteZone(turn, actor, zone));
  verifier_.LeaveHubs(turn, zone, {FailureCode::kZoneUnknown, zone.value()});
  return zone;
}

absl::StatusOr<TenantId> Fleet::DeleteTenant(Turn& turn, const Actor& actor,
                                             const TenantId& tenant) {
  RETURN_IF_ERROR(core::DeleteTenant(turn, actor, tenant));
  return tenant;
}

}  // namespace muster::core
