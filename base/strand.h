// A strand runs what is posted to it one after the other, in order, never two at once. It is how
// Muster has "one thread owns this state" (invariant 4) without naming a thread: programs use
// ThreadStrand, tests and the simulation ManualStrand (tests/fakes/manual_strand.h).
#ifndef MUSTER_BASE_STRAND_H_
#define MUSTER_BASE_STRAND_H_

#include "absl/functional/any_invocable.h"

namespace muster {

class Strand {
 public:
  using Task = absl::AnyInvocable<void()>;
  virtual ~Strand() = default;
  // Queues `task`. Thread-safe, does not block, may be called from a task. After the strand has
  // stopped the task is destroyed unrun.
  virtual void Post(Task task) = 0;
};

}  // namespace muster

#endif  // MUSTER_BASE_STRAND_H_
