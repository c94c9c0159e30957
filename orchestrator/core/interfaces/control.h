// The control strand with its one transaction per turn (design 4.1, invariants 1, 4 and 5).
//
//   Post(operation, done) ─► queue ─► turn: Begin ─► Mark, operation 1, Release ─► Mark, operation
//   2, … ─► Commit ─► effects, dones
//                                              an operation that fails is rolled back alone all or
//                                              nothing    only after Commit
//
// Everything that waits when a turn begins shares the turn and its commit (group commit). What an
// operation wants to happen outside (send to a worker, answer an RPC) is an effect: it happens
// after the commit or never. When the commit fails no effect runs and every `done` gets the error.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/interface/store.h"

namespace muster::core {

// What an operation works with. Valid during the operation only.
class Turn {
 public:
  virtual ~Turn() = default;
  virtual store::Transaction& store() = 0;
  virtual absl::Time now() const = 0;  // The same for the whole turn.
  // Runs on the strand after the turn's commit; dropped when the operation or the commit fails.
  virtual void AfterCommit(absl::AnyInvocable<void()> effect) = 0;
};

class Control {
 public:
  using Operation = absl::AnyInvocable<absl::Status(Turn&)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;
  virtual ~Control() = default;
  // Queues an operation. Thread-safe, does not block. `done` (may be null) runs on the strand after
  // the commit with the operation's status, or with the commit's error.
  virtual void Post(Operation operation, Done done) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_
