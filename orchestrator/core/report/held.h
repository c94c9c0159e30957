// Targets that wait because no joining key may leave for their zone's hub: it has none, or the hub
// cannot be read (core/hubs/hub_standing.h). Who looks at a rollout, a server or a report is told
// so, with what to do. Nothing is stored: it is so until a key is set, or the hub was read.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/failure.h"
#include "store/interface/walled_snapshot.h"

namespace muster::core {

struct HeldZone {
  ZoneId zone_id;
  Failure why;  // E-KEY-MISSING, or why the hub is not read.
};

// Zones whose joins are held, by id. Empty tenant: of all that the wall admits.
absl::StatusOr<std::vector<HeldZone>> ListHeldZones(const store::WalledSnapshot& snapshot,
                                                    const TenantId& tenant, absl::Time now);
// Those in which the rollout has targets that wait, by id; none for a rollout that does not join or
// is not running.
absl::StatusOr<std::vector<HeldZone>> HeldZones(const store::WalledSnapshot& snapshot,
                                                const store::Rollout& rollout,
                                                const store::TargetCounts& counts, absl::Time now);
// "zone acme/prod has no joining key, targets there are held; set one with …", or empty.
std::string HeldText(const std::vector<HeldZone>& zones);
// Why `server` is held when it is queued in one of `held` (by id) and nothing else is wrong.
std::optional<Failure> HeldFailure(const store::Server& server, const std::vector<HeldZone>& held);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_
