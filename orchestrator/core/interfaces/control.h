// The control strand with its one transaction per turn (invariants 1, 4 and 5).
//
//   Post, PostFirm ─► queue ─► turn:  Begin ─► operations one by one ─► Commit
//                                                     the next turn ◄──┤
//                                                                      └─► Sync ─► effects, dones
//
//                  an operation that fails        what it costs
//   Post           is rolled back alone           a savepoint: what somebody asks for
//   PostFirm       ends the control (store lost)  nothing: what happened and must be written down
//
// Everything that waits when a turn begins shares the turn and its commit (group commit). What an
// operation wants to happen outside (send to a worker, answer an RPC) is an effect: it happens when
// the commit has survived a power cut, or never. When commit or Sync fails no effect runs and every
// `done` gets the error. Effects come in the order of their turns, but the next turns have begun.
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
  // Runs on the strand once the turn's commit is durable; dropped when the operation, the commit or
  // the Sync fails. What later turns must see is no effect.
  virtual void AfterCommit(absl::AnyInvocable<void()> effect) = 0;
};

class Control {
 public:
  using Operation = absl::AnyInvocable<absl::Status(Turn&)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;
  virtual ~Control() = default;
  // Queues an operation. Thread-safe, does not block. `done` (may be null) runs on the strand once
  // the commit is durable, with the operation's status, or with the commit's or Sync's error.
  virtual void Post(Operation operation, Done done) = 0;
  // Queues an operation that has no lawful way to fail: an error of it is taken as the store's or
  // our own, and nothing is decided any more until the next start. Thread-safe, does not block.
  virtual void PostFirm(Operation operation) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_
