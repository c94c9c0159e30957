#include "orchestrator/core/inventory/removal.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {

absl::Status DeleteZone(Turn& turn, const Actor& actor, const ZoneId& zone) {
  ASSIGN_OR_RETURN(const std::optional<store::Zone> found,
                   turn.store().zones().Find(actor.wall, zone));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
  }
  store::ServerQuery query;
  query.selection.zone_id = zone;
  query.wall = actor.wall;
  query.limit = 0;
  query.include_retired = true;
  ASSIGN_OR_RETURN(const std::vector<store::ServerState> servers,
                   turn.store().servers().ListStates(query));
  if (!servers.empty()) {
    const auto retired =
        std::count_if(servers.begin(), servers.end(), [](const store::ServerState& server) {
          return server.admission == store::Admission::kRetired;
        });
    return FailureStatus(FailureCode::kInventoryNotEmpty,
                         absl::StrCat("zone ", zone.value(), " has ", servers.size(), " servers, ",
                                      retired, " of them retired, such as ", servers.front().name));
  }
  RETURN_IF_ERROR(turn.store().zones().Delete(zone));
  return Audit(turn, actor.name, "zone.delete", zone.value(), found->tenant_id,
               absl::StrCat("hub ", found->hub_url));
}

absl::Status DeleteTenant(Turn& turn, const Actor& actor, const TenantId& tenant) {
  ASSIGN_OR_RETURN(const std::optional<store::Tenant> found,
                   turn.store().tenants().Find(actor.wall, tenant));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kTenantUnknown, absl::StrCat("no tenant ", tenant.value()));
  }
  std::vector<std::string> left;
  ASSIGN_OR_RETURN(const std::vector<store::Zone> zones,
                   turn.store().zones().List(actor.wall, tenant));
  for (const store::Zone& zone : zones) left.push_back(absl::StrCat("zone ", zone.id.value()));
  // Operators without their tenant would see nothing, which is theirs to be told first.
  ASSIGN_OR_RETURN(const std::vector<store::Operator> operators, turn.store().operators().List());
  for (const store::Operator& op : operators) {
    if (op.revoke_time.has_value()) continue;
    if (std::find(op.tenants.begin(), op.tenants.end(), tenant) != op.tenants.end()) {
      left.push_back(absl::StrCat("operator ", op.name));
    }
  }
  if (!left.empty()) {
    return FailureStatus(
        FailureCode::kInventoryNotEmpty,
        absl::StrCat("tenant ", tenant.value(), " has ", absl::StrJoin(left, ", ")));
  }
  RETURN_IF_ERROR(turn.store().tenants().Delete(tenant));
  return Audit(turn, actor.name, "tenant.delete", tenant.value(), tenant, found->display_name);
}

}  // namespace muster::core
