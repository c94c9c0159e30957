// What becomes of attempts, as the dispatcher tells it to the rollout engine. Every call comes
// inside the operation that moved the attempt; the listener adds the moves of server and target to
// the same change, so that they share its audit event (invariant 5).
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_ATTEMPT_LISTENER_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_ATTEMPT_LISTENER_H_

#include "absl/status/status.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "store/model/command.h"

namespace muster::core {

// An attempt that is not settled yet, with its command.
struct OpenAttempt {
  store::Command command;
  store::Attempt attempt;
  SessionId session = 0;  // Where its answer is expected; 0: the worker is away.
  // In doubt by the worker's own word (or by its empty journal): nothing of it runs any more, so
  // the hub's list alone decides, absence included.
  bool answered = false;
  absl::Time deadline = absl::InfiniteFuture();
  // Commands that change nothing come on record with the attempt's first move
  // (docs/decisions/read-only-commands.md).
  bool on_record = true;
  // It, or its command, is of an earlier process: its dates may be of a clock that was set since.
  bool recovered = false;
};

class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  // The answer is lost. `report` is the worker's own word, null when the connection broke.
  virtual absl::Status OnDoubt(Turn& turn, ServerChange& change, const OpenAttempt& open,
                               const CommandReport* report) = 0;
  // The worker is back and still has the command.
  virtual absl::Status OnResumed(Turn& turn, ServerChange& change, const OpenAttempt& open) = 0;
  // The worker is back and never had it: it may be delivered again, under the same command id.
  virtual absl::Status OnNeverArrived(Turn& turn, ServerChange& change,
                                      const OpenAttempt& open) = 0;
  // Succeeded, failed, rejected or (probes) timed out.
  virtual absl::Status OnFinished(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                  const CommandReport& report) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_ATTEMPT_LISTENER_H_
