// Targets that wait because their zone has no joining key: who looks at a rollout, a server or a
// report is told so, with what to do. Nothing is stored: it is so until a key is set.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/failure.h"
#include "store/interface/walled_snapshot.h"

namespace muster::core {

// Zones without a key in which the rollout has targets that wait, by id; none for a rollout that
// does not join or is not running.
absl::StatusOr<std::vector<ZoneId>> HeldZones(const store::WalledSnapshot& snapshot,
                                              const store::Rollout& rollout,
                                              const store::TargetCounts& counts);
// "zone acme/prod has no joining key, targets there are held; set one with …", or empty.
std::string HeldText(const std::vector<ZoneId>& zones);
// E-KEY-MISSING when `server` is queued in one of `without_key` (by id) and nothing else is wrong.
std::optional<Failure> HeldFailure(const store::Server& server,
                                   const std::vector<ZoneId>& without_key);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_HELD_H_
