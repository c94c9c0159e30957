// Told, after the commit, what was sent to workers and what came of it: for figures, in which
// nobody is named.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORK_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORK_WATCH_H_

#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::core {

// Called on the strand; must not block.
class WorkWatch {
 public:
  virtual ~WorkWatch() = default;
  virtual void CommandSent(store::CommandKind kind) = 0;  // One delivery.
  // One delivery came to its end; `state` is final.
  virtual void AttemptEnded(store::CommandKind kind, store::AttemptState state) = 0;
  // A target that a command was sent for is proven, so long after its join rollout was created.
  virtual void TargetProven(const TenantId& tenant, absl::Duration after) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORK_WATCH_H_
