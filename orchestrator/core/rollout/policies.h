// The rollout's decisions as pure functions of values.
#ifndef MUSTER_ORCHESTRATOR_CORE_ROLLOUT_POLICIES_H_
#define MUSTER_ORCHESTRATOR_CORE_ROLLOUT_POLICIES_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "orchestrator/core/enrollment/enrollment_listener.h"
#include "store/model/rollout.h"
#include "store/model/server.h"

namespace muster::core {

// ---- plan: which servers of the selection become targets ----
// Left out: for joins those that the hub has confirmed; those that are out for good (banned,
// retired, rejected). Servers that are away are in: the deadline tells whether they are stragglers.
struct Reach {
  bool force = false;   // Who is enrolled or ambiguous, too.
  bool rejoin = false;  // Only who is enrolled or degraded.
};
bool IsTarget(store::CommandKind kind, Reach reach, const store::ServerState& server);
// Nobody can tell whether it has a record at its hub: no join begins without an operator's word.
bool IsAmbiguous(const store::ServerState& server);

// ---- gates ----
// Whether failures have used up the limit: it trips when the count exceeds it. Failures before the
// last resume are forgiven.
bool FailuresTrip(const store::Rollout& rollout, const store::TargetCounts& counts,
                  int max_failures);

// Whether a target in doubt counts against max in doubt: once worker and hub have had `patience` to
// settle it. A doubt from before the last resume is forgiven.
bool DoubtCounts(const store::Target& target, absl::Time since, absl::Duration patience,
                 absl::Time now);
bool DoubtsTrip(int doubts, int max_in_doubt);
// Whether a doubt holds its slot: while the worker is away it may still run, or have ended the
// worker. One that is answered, forgiven or older than `patience` does not: from then on the limit
// of doubts guards the rest.
bool DoubtHoldsSlot(const store::Target& target, bool answered, absl::Time since,
                    absl::Duration patience, absl::Time now);

// Whether a join that failed so puts its hub in question: before the next one it is read anew.
bool IsOfTheHub(FailureCode code);

// ---- outcomes ----
// Where a target moves when its server's enrollment does; nothing: it stays.
std::optional<store::TargetState> NextState(store::TargetState from, const EnrollmentEvent& event);

// ---- the end ----
bool NothingOpen(const store::TargetCounts& counts);
store::RolloutState FinalStateOf(const store::TargetCounts& counts, bool canceling);
// How an open target ends when the rollout does: at its deadline, or canceled. Nothing: it is
// awaited. A straggler is who could not be reached; who was reached has failed, with the reason.
struct Ending {
  store::TargetState state = store::TargetState::kFailed;
  Failure failure;
};
std::optional<Ending> EndingOf(const store::Target& target, bool connected, bool canceling,
                               bool overdue);

// "10 of 200 targets failed, more than the limit of 9"
std::string TripReason(const store::TargetCounts& counts, const store::Rollout& rollout,
                       int max_failures);
// "3 of 200 targets are in doubt, more than the limit of 2"
std::string DoubtTripReason(const store::TargetCounts& counts, int doubts, int max_in_doubt);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_POLICIES_H_
