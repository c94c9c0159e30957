// What operators ask of rollouts. See posted.h for how these are called. Errors are Status with an
// E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_OPERATIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/command.h"
#include "store/model/rollout.h"
#include "store/model/server.h"

namespace muster::core {

struct RolloutInput {
  store::CommandKind kind = store::CommandKind::kJoin;
  store::Selection selection;
  std::string max_concurrency;  // Empty: the default.
  std::string max_failures;
  std::string max_in_doubt;
  absl::Duration deadline = absl::Hours(24);
  bool allow_takeover = false;
  bool force = false;   // Also servers that are enrolled, and those that are ambiguous.
  bool rejoin = false;  // Only servers that are enrolled or degraded: they join again.
  std::string request_id;
};

class RolloutOperations {
 public:
  virtual ~RolloutOperations() = default;

  // Freezes the selection into targets and starts. E-ROLLOUT-EMPTY, E-ROLLOUT-TARGET-BUSY,
  // E-KEY-MISSING, E-REQUEST-INVALID, E-REQUEST-ID-REUSED, E-INVENTORY-… A request id that was used
  // by the same request answers the rollout made then.
  virtual absl::StatusOr<store::Rollout> Create(Turn& turn, const Actor& actor,
                                                const RolloutInput& input) = 0;
  // E-ROLLOUT-UNKNOWN, E-ROLLOUT-STATE.
  virtual absl::StatusOr<store::Rollout> Pause(Turn& turn, const Actor& actor,
                                               const RolloutId& id) = 0;
  virtual absl::StatusOr<store::Rollout> Resume(Turn& turn, const Actor& actor,
                                                const RolloutId& id) = 0;
  virtual absl::StatusOr<store::Rollout> Cancel(Turn& turn, const Actor& actor,
                                                const RolloutId& id) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_OPERATIONS_H_
