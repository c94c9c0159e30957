#include "orchestrator/core/hubs/hub_desk.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {

absl::StatusOr<int> HubDesk::AcceptShrink(Turn& turn, const Actor& actor, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
  if (entry == nullptr || !actor.wall.Admits(entry->zone.tenant_id)) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
  }
  const TenantId tenant = entry->zone.tenant_id;
  ASSIGN_OR_RETURN(const std::optional<int> accepted, hubs_.AcceptShrink(turn, zone));
  if (!accepted.has_value()) {
    return FailureStatus(FailureCode::kRequestState,
                         absl::StrCat("the last list of the hub of ", zone.value(),
                                      " was not implausibly short: nothing to accept"));
  }
  RETURN_IF_ERROR(Audit(turn, actor.name, "hub.accept_shrink", zone.value(), tenant,
                        absl::StrCat("to ", *accepted, " records")));
  return *accepted;
}

}  // namespace muster::core
