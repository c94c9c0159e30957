// Told, after the commit, that a rollout or one of its targets changed.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_WATCH_H_

#include "base/ids.h"

namespace muster::core {

// Called on the strand; must not block.
class RolloutWatch {
 public:
  virtual ~RolloutWatch() = default;
  virtual void RolloutChanged(const RolloutId& rollout) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ROLLOUT_WATCH_H_
