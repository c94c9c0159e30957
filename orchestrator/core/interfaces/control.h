// The control strand with its one transaction per turn (invariants 1, 4 and 5).
//
//   Post, PostFirm ─► queue ─► turn:  Begin ─► operations one by one ─► Commit
//                                                     the next turn ◄──┤
//                                                                      └─► Sync ─► effects, dones
//
// Post and PostFirm differ in who hears of it only: what somebody asks for has an answer, what
// happened and must be written down has none. What an operation that fails costs depends on why:
//
//   it refuses (a failure code)       it alone, undone; it has changed no table in memory before
//   against expectation (no code)     it alone, undone, and what memory holds of the servers and
//                                     rollouts that it concerned is read anew from the store
//   the store is lost (E-STORE-…)     everything: nothing is decided until the next start
//
// Everything that waits when a turn begins shares the turn and its commit (group commit). What an
// operation wants to happen outside (send to a worker, answer an RPC) is an effect: it happens when
// the commit has survived a power cut, or never. When commit or Sync fails no effect runs and every
// `done` gets the error. Effects come in the order of their turns, but the next turns have begun.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_

#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "store/interface/store.h"

namespace muster::core {

// What an operation is about: where memory may differ from the store once it is undone. May name
// the same more than once.
struct Concerned {
  std::vector<ServerId> servers;
  std::vector<RolloutId> rollouts;
  bool empty() const { return servers.empty() && rollouts.empty(); }
};

// What an operation works with. Valid during the operation only.
class Turn {
 public:
  virtual ~Turn() = default;
  virtual store::Transaction& store() = 0;
  virtual absl::Time now() const = 0;  // The same for the whole turn.
  // How long ago a date of this process was by the steady clock, which alone may be compared with
  // what other clocks say (control/clock_drift.h).
  virtual absl::Duration AgeOf(absl::Time date) const = 0;
  // Runs on the strand once the turn's commit is durable; dropped when the operation, the commit or
  // the Sync fails. What later turns must see is no effect.
  virtual void AfterCommit(absl::AnyInvocable<void()> effect) = 0;
  // Says what is changed from here on, in store and memory. Every ServerChange and every move of a
  // rollout does; others only when they change memory without these.
  virtual void Concerns(const ServerId& server) = 0;
  virtual void Concerns(const RolloutId& rollout) = 0;
  // Runs a part of the operation as an operation of its own: its failure undoes it alone, as in the
  // table above, and is returned. The caller goes on with the next part, unless the store is lost.
  virtual absl::Status Alone(absl::FunctionRef<absl::Status()> step) = 0;
};

class Control {
 public:
  using Operation = absl::AnyInvocable<absl::Status(Turn&)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;
  virtual ~Control() = default;
  // Queues an operation. Thread-safe, does not block. `done` (may be null) runs on the strand once
  // the commit is durable, with the operation's status, or with the commit's or Sync's error.
  virtual void Post(Operation operation, Done done) = 0;
  // Queues an operation that has no lawful way to fail and nobody to answer: a failure is logged.
  // Thread-safe, does not block.
  virtual void PostFirm(Operation operation) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONTROL_H_
