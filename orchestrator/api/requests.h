// What several calls check in their requests. What lies behind the caller's wall is not found, as
// what does not exist: the snapshot sees to it, and the answers are the same.
#ifndef MUSTER_ORCHESTRATOR_API_REQUESTS_H_
#define MUSTER_ORCHESTRATOR_API_REQUESTS_H_

#include "absl/status/statusor.h"
#include "muster/admin/v1/inventory.pb.h"
#include "store/interface/walled_snapshot.h"

namespace muster::api {

// E-REQUEST-INVALID with `what` in its text.
absl::Status InvalidRequest(absl::string_view what);

// The selection, checked: E-INVENTORY-TENANT or E-INVENTORY-ZONE for what is not found;
// E-REQUEST-INVALID when they contradict.
absl::StatusOr<store::Selection> CheckSelection(const muster::admin::v1::Selection& selection,
                                                const store::WalledSnapshot& snapshot);
// The zones of a selection of which only tenant and zone count: all that the caller may see when it
// names neither. As CheckSelection.
absl::StatusOr<std::vector<ZoneId>> SelectedZones(const muster::admin::v1::Selection& selection,
                                                  const store::WalledSnapshot& snapshot);
// E-INVENTORY-TENANT; OK for an empty id, which chooses none.
absl::Status CheckTenant(const TenantId& tenant, const store::WalledSnapshot& snapshot);
// By id or "tenant/zone/name"; E-INVENTORY-SERVER.
absl::StatusOr<store::Server> FindServer(absl::string_view text,
                                         const store::WalledSnapshot& snapshot);
// The id of a server that a call is to change, of which the core says whether it is there; a name
// (tenant/zone/name) is looked up for it: E-INVENTORY-SERVER.
absl::StatusOr<ServerId> ServerIdOf(absl::string_view text, const store::WalledSnapshot& snapshot);
// E-INVENTORY-ZONE.
absl::StatusOr<store::Zone> FindZone(absl::string_view id, const store::WalledSnapshot& snapshot);
// E-ROLLOUT-UNKNOWN. A rollout of several tenants is visible only without a wall.
absl::StatusOr<store::Rollout> FindRollout(absl::string_view id,
                                           const store::WalledSnapshot& snapshot);

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_REQUESTS_H_
