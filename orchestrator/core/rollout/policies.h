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
// retired, rejected, quarantined, decommissioned). Servers that are away are in: the deadline
// tells whether they are stragglers.
bool IsTarget(store::CommandKind kind, const store::ServerState& server);

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
// How many of the rollout's slots are taken. What is in doubt may still run, or have ended the
// worker, so it keeps its slot until it is settled, forgiven, or out of the rollout.
int SlotsHeld(const store::TargetCounts& counts, int forgiven_doubts);

// ---- outcomes ----
// Where a target moves when its server's enrollment does; nothing: it stays.
std::optional<store::TargetState> NextState(store::TargetState from, const EnrollmentEvent& event);

// ---- the end ----
bool NothingOpen(const store::TargetCounts& counts);
store::RolloutState FinalStateOf(const store::TargetCounts& counts, bool canceling);
// Why a target that is still waiting at the deadline did not get its turn.
Failure StragglerFailure(bool connected, const std::optional<Failure>& last);

// "10 of 200 targets failed, more than the limit of 9"
std::string TripReason(const store::TargetCounts& counts, const store::Rollout& rollout,
                       int max_failures);
// "3 of 200 targets are in doubt, more than the limit of 2"
std::string DoubtTripReason(const store::TargetCounts& counts, int doubts, int max_in_doubt);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_POLICIES_H_
