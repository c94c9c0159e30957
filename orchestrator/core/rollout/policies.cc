#include "orchestrator/core/rollout/policies.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"

namespace muster::core {

using store::Admission;
using store::Enrollment;

bool IsAmbiguous(const store::ServerState& server) {
  return server.enrollment == Enrollment::kFailed &&
         server.failure == FailureCode::kVerifyAmbiguous;
}

bool IsTarget(store::CommandKind kind, Reach reach, const store::ServerState& server) {
  switch (server.admission) {
    case Admission::kBanned:
    case Admission::kRetired:
    case Admission::kRejected:
      return false;
    case Admission::kRegistered:
    case Admission::kPending:
    case Admission::kAdmitted:
    case Admission::kEvicted:
      break;
  }
  if (kind != store::CommandKind::kJoin) return true;
  const bool enrolled = server.enrollment == Enrollment::kEnrolled;
  if (reach.rejoin) return enrolled || server.enrollment == Enrollment::kDegraded;
  return reach.force || !enrolled;
}

bool FailuresTrip(const store::Rollout& rollout, const store::TargetCounts& counts,
                  int max_failures) {
  return counts.failed - rollout.forgiven_failures > max_failures;
}

bool DoubtCounts(const store::Target& target, absl::Time since, absl::Duration patience,
                 absl::Time now) {
  return target.state == store::TargetState::kInDoubt && !target.doubt_forgiven &&
         now >= since + patience;
}

bool DoubtsTrip(int doubts, int max_in_doubt) { return doubts > max_in_doubt; }

bool DoubtHoldsSlot(const store::Target& target, bool answered, absl::Time since,
                    absl::Duration patience, absl::Time now) {
  return target.state == store::TargetState::kInDoubt && !target.doubt_forgiven && !answered &&
         now < since + patience;
}

bool IsOfTheHub(FailureCode code) {
  return code == FailureCode::kJoinHubUnreachable || code == FailureCode::kJoinHubError ||
         code == FailureCode::kJoinHubTls;
}

std::optional<store::TargetState> NextState(store::TargetState from, const EnrollmentEvent& event) {
  using enum store::TargetState;
  using What = EnrollmentEvent::What;
  const auto only_from = [from](std::initializer_list<store::TargetState> states,
                                store::TargetState to) {
    return std::find(states.begin(), states.end(), from) != states.end() ? std::optional(to)
                                                                         : std::nullopt;
  };
  switch (event.what) {
    case What::kDoubt:
      return only_from({kInFlight}, kInDoubt);
    case What::kResumed:
      return only_from({kInDoubt}, kInFlight);
    case What::kNeverArrived:
      return only_from({kInDoubt}, kWaiting);
    case What::kClaimed:
      return only_from({kInFlight, kInDoubt}, kVerifying);
    case What::kAnswered:
      return only_from({kInFlight}, kSucceeded);
    case What::kFailed:
      if (event.retry.has_value()) return only_from({kInFlight, kInDoubt}, kWaiting);
      if (event.unproven) return only_from({kWaiting, kInFlight, kVerifying, kInDoubt}, kFailed);
      return only_from({kInFlight, kVerifying, kInDoubt}, kFailed);
    case What::kProven:
      return only_from({kWaiting, kVerifying, kInDoubt}, kSucceeded);
  }
  return std::nullopt;
}

bool NothingOpen(const store::TargetCounts& counts) {
  return counts.waiting + counts.in_flight + counts.verifying + counts.in_doubt == 0;
}

store::RolloutState FinalStateOf(const store::TargetCounts& counts, bool canceling) {
  if (canceling) return store::RolloutState::kCanceled;
  if (counts.failed > 0) return store::RolloutState::kCompletedWithFailures;
  return counts.stragglers > 0 ? store::RolloutState::kCompletedWithStragglers
                               : store::RolloutState::kCompleted;
}

std::optional<Ending> EndingOf(const store::Target& target, bool connected, bool canceling,
                               bool overdue) {
  using enum store::TargetState;
  const store::TargetState end = canceling ? kCanceled : kFailed;
  switch (target.state) {
    case kWaiting:
      if (canceling) {
        return Ending{kCanceled, target.failure.value_or(Failure{FailureCode::kDispatchCanceled,
                                                                 "before its turn came"})};
      }
      if (target.failure.has_value()) return Ending{kFailed, *target.failure};
      if (connected) {
        return Ending{kFailed, Failure{FailureCode::kRolloutDeadline, "before its turn came"}};
      }
      return Ending{kStraggler, Failure{FailureCode::kDispatchOffline,
                                        "not connected when the rollout's deadline passed"}};
    case kInDoubt:
      // Out of the rollout only: its server stays in doubt until that is settled (invariant 8).
      return Ending{end, Failure{FailureCode::kDispatchInDoubt,
                                 canceling ? "when the rollout was canceled"
                                           : "when the rollout's deadline passed"}};
    case kInFlight:
    case kVerifying:
      if (!overdue) return std::nullopt;
      return Ending{end, Failure{FailureCode::kRolloutDeadline,
                                 "while it was under way; its server's own state goes on"}};
    default:
      return std::nullopt;
  }
}

std::string TripReason(const store::TargetCounts& counts, const store::Rollout& rollout,
                       int max_failures) {
  return absl::StrCat(counts.failed - rollout.forgiven_failures, " of ", counts.total,
                      " targets failed, more than the limit of ", max_failures,
                      "; look at them, then 'muster rollout resume' or cancel");
}

std::string DoubtTripReason(const store::TargetCounts& counts, int doubts, int max_in_doubt) {
  return absl::StrCat(doubts, " of ", counts.total, doubts == 1 ? " targets is" : " targets are",
                      " in doubt, more than the limit of ", max_in_doubt,
                      "; bring their workers back or 'muster server settle' them, then 'muster "
                      "rollout resume'");
}

}  // namespace muster::core
