// Where work that blocks goes, so that neither the strand nor a reactor ever waits.
#ifndef MUSTER_BASE_EXECUTOR_H_
#define MUSTER_BASE_EXECUTOR_H_

#include "absl/functional/any_invocable.h"

namespace muster {

// Runs work somewhere else. Programs use BlockingPool; the simulation has a deterministic one.
class Executor {
 public:
  virtual ~Executor() = default;
  // Queues `task`; order between tasks is not promised. Thread-safe, does not block.
  virtual void Run(absl::AnyInvocable<void()> task) = 0;
};

}  // namespace muster

#endif  // MUSTER_BASE_EXECUTOR_H_
