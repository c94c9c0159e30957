// What becomes of a server's enrollment, as those who asked for it are told: today the rollout
// engine. Each event comes inside the change that moved the server, so that the target's move
// shares its audit event (invariant 5).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENT_LISTENER_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENT_LISTENER_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/states.h"

namespace muster::core {

struct EnrollmentEvent {
  enum class What {
    kDoubt,         // The answer is lost.
    kResumed,       // The worker is back and still has the command.
    kNeverArrived,  // The worker is back and never had it: it may be sent again.
    kClaimed,       // The worker says that it joined; the hub's word is awaited.
    kAnswered,      // A probe gave its facts.
    kFailed,        // The attempt, the claim or the doubt is over without success.
    kProven,        // The hub's list has the server, whoever asked.
  };
  What what = What::kFailed;
  ServerId server;
  ZoneId zone;
  RolloutId rollout;  // The attempt's; empty: no attempt is behind it.
  std::optional<Failure> failure;
  std::optional<absl::Duration> retry;  // With kFailed: another try follows after this.
  bool answered = false;                // With kDoubt: the worker is there, the hub decides.
  // With kFailed: the join may have reached the hub, and nothing shows that it did not. Whoever
  // waits for the server begins no other by itself (invariants 8 and 9).
  bool unproven = false;
};

class EnrollmentListener {
 public:
  virtual ~EnrollmentListener() = default;
  virtual absl::Status OnEnrollment(Turn& turn, ServerChange& change,
                                    const EnrollmentEvent& event) = 0;
  // How long to wait before another try, for whoever stands behind `rollout`; nothing: none.
  virtual std::optional<absl::Duration> RetryAfter(const RolloutId& rollout, const ServerId& server,
                                                   const Failure& failure) = 0;
  // Whether the server still stands in the queue of `rollout`.
  virtual bool Wants(const RolloutId& rollout, const ServerId& server) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENT_LISTENER_H_
