// The state machines of docs/architecture.md as enums, their strings (the same in proto, SQL and
// CLI) and the moves that each allows.
//
//   admission    registered → pending → admitted → evicted · banned · retired
//                pending → rejected → pending · admitted
//   enrollment   not_enrolled → queued → joining → joined_unverified → enrolled ⇄ degraded
//                queued, joining → failed · in_doubt · not_enrolled (canceled, straggler)
//   attempt      sent → acknowledged → running → succeeded · failed · rejected · timed_out
//                sent, acknowledged, running → in_doubt → settled (or running again)
//   rollout      planned → running ⇄ paused → completed · completed_with_stragglers
//                · completed_with_failures; running, paused → canceling → canceled
//   sweep        running → completed · partial · failed; skipped
//   delivery     waiting ⇄ sending → delivered · failed → waiting (replayed)
//
// These are the main roads; recovery and retries add some. states.cc has the whole tables. A state
// comes into a table together with the operation that leads there
// (tests/orchestrator/core/reached_states_test.cc).
//
// A move that MayMove refuses is an internal error and never a write (invariant 5).
#ifndef MUSTER_STORE_MODEL_STATES_H_
#define MUSTER_STORE_MODEL_STATES_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace muster::store {

enum class Admission { kRegistered, kPending, kAdmitted, kEvicted, kBanned, kRetired, kRejected };
enum class Enrollment {
  kNotEnrolled,
  kQueued,
  kJoining,
  kJoinedUnverified,
  kEnrolled,
  kFailed,
  kInDoubt,
  kDegraded,
};
enum class AttemptState {
  kSent,
  kAcknowledged,
  kRunning,
  kSucceeded,
  kFailed,
  kRejected,
  kTimedOut,
  kInDoubt,
  kSettled,
};
enum class RolloutState {
  kPlanned,
  kRunning,
  kPaused,
  kCompleted,  // Every target succeeded.
  kCompletedWithStragglers,
  kCanceled,
  kCanceling,              // Not final: an operator canceled it; what is under way is awaited.
  kCompletedWithFailures,  // At least one target failed; there may be stragglers, too.
};
// Where one server stands inside one rollout (docs/decisions/target-states.md).
//
//   waiting → in_flight → verifying → succeeded     waiting → straggler · canceled · failed
//   in_flight → waiting (retry) · failed · in_doubt verifying → failed
//   in_doubt → in_flight · verifying · failed · succeeded · canceled
enum class TargetState {
  kWaiting,
  kInFlight,
  kVerifying,
  kSucceeded,
  kFailed,
  kInDoubt,
  kStraggler,
  kCanceled,
};
// What a finding says is otherwise than it should be (docs/verification.md).
enum class FindingKind {
  kMissing,
  kDisconnected,
  kIdentityChanged,
  kDuplicateIdentity,
  kGhost,
  kUnknown,
  kWrongZone,
  kRenamed,
  kMoved,
  kUnproven,
  kWorkerMissing,
  kClockSkew,
  kServiceDown,
};
//   suspected → open → acknowledged → resolved → reopened → …
//   open, acknowledged, reopened → remediating → resolved · reopened
//   any but resolved → suppressed → resolved · reopened
enum class FindingState {
  kSuspected,  // One reading showed it.
  kOpen,
  kAcknowledged,  // An operator knows.
  kRemediating,   // Its server is being joined again.
  kResolved,
  kSuppressed,  // An operator does not want to hear of it for a while.
  kReopened,
};
enum class Severity { kLow, kMedium, kHigh, kCritical };
enum class SweepState {
  kRunning,
  kCompleted,
  kPartial,  // The list was not whole: it confirmed presence only.
  kFailed,
  kSkipped,  // The one before was still running.
};
enum class SweepTrigger { kSchedule, kOperator };
enum class ChannelKind { kWebhook, kEmail };
// What somebody may be told of (docs/notifications.md).
enum class NotificationKind {
  kTest,
  kFindingOpened,
  kFindingResolved,
  kRolloutPaused,
  kRolloutFinished,
  kTokenRefused,
  kCoverageLow,
  kCoverageRestored,
  kOperatorExpiring,
  kCertificateExpiring,
  kBackupOld,
  kKeyExpiring,
};
enum class DeliveryState {
  kWaiting,  // For its first attempt, or for the next one.
  kSending,  // An attempt is under way, or was when the orchestrator ended.
  kDelivered,
  kFailed,  // Given up.
};
enum class KeyVersionState { kActive, kTainted };
enum class TokenState { kActive, kExhausted, kExpired, kRevoked, kLocked };
enum class CertificateState { kActive, kSuperseded, kRevoked };  // That one expired, its dates say.
enum class CommandKind { kProbe, kJoin };
// It only reads: to deliver it twice repeats no effect.
constexpr bool ChangesNothing(CommandKind kind) { return kind == CommandKind::kProbe; }
enum class MatchKind { kHubId, kInternalId, kMachineName };
enum class TokenMode { kAuto, kPending };
enum class VerifierKind { kNone, kApiToken, kLogin };
// What a hub's list can show (certify.md 8).
enum class HubListKind {
  kUnknown,         // It was not read.
  kFull,            // All records, with isPendingConnection.
  kWithoutPending,  // All records; nothing says which of them never connected.
  kConnectedOnly,   // Nothing shows that it holds what is not connected: hubs of 2025.
  kSummary,         // The public summary: no connection status, no internal ids.
  kLegacy,          // 2024: connected instances, with little of each.
};
enum class ServicePresence { kUnknown, kMissing, kUnreachable, kRunning };
enum class OperatorRole { kViewer, kOperator, kTenantAdmin, kProviderAdmin };  // Each may more.

// The string of a state or kind ("joined_unverified"), and back; nothing for a string that names none.
#define MUSTER_STATE_STRINGS(Enum)        \
  absl::string_view ToString(Enum value); \
  std::optional<Enum> Parse##Enum(absl::string_view text);
MUSTER_STATE_STRINGS(Admission)
MUSTER_STATE_STRINGS(Enrollment)
MUSTER_STATE_STRINGS(AttemptState)
MUSTER_STATE_STRINGS(RolloutState)
MUSTER_STATE_STRINGS(TargetState)
MUSTER_STATE_STRINGS(KeyVersionState)
MUSTER_STATE_STRINGS(TokenState)
MUSTER_STATE_STRINGS(CertificateState)
MUSTER_STATE_STRINGS(CommandKind)
MUSTER_STATE_STRINGS(MatchKind)
MUSTER_STATE_STRINGS(TokenMode)
MUSTER_STATE_STRINGS(VerifierKind)
MUSTER_STATE_STRINGS(HubListKind)
MUSTER_STATE_STRINGS(ServicePresence)
MUSTER_STATE_STRINGS(OperatorRole)
MUSTER_STATE_STRINGS(FindingKind)
MUSTER_STATE_STRINGS(FindingState)
MUSTER_STATE_STRINGS(Severity)
MUSTER_STATE_STRINGS(SweepState)
MUSTER_STATE_STRINGS(SweepTrigger)
MUSTER_STATE_STRINGS(ChannelKind)
MUSTER_STATE_STRINGS(NotificationKind)
MUSTER_STATE_STRINGS(DeliveryState)
#undef MUSTER_STATE_STRINGS

// Whether the transition table holds the move. Staying is never a move.
bool MayMove(Admission from, Admission to);
bool MayMove(Enrollment from, Enrollment to);
bool MayMove(AttemptState from, AttemptState to);
bool MayMove(RolloutState from, RolloutState to);
bool MayMove(TargetState from, TargetState to);
bool MayMove(KeyVersionState from, KeyVersionState to);
bool MayMove(FindingState from, FindingState to);
bool MayMove(SweepState from, SweepState to);
bool MayMove(DeliveryState from, DeliveryState to);
bool MayMove(TokenState from, TokenState to);
bool MayMove(CertificateState from, CertificateState to);

bool IsOpen(AttemptState state);   // Not final: sent … running, in_doubt.
bool IsFinal(RolloutState state);  // completed…, canceled.
bool IsFinal(TargetState state);   // succeeded, failed, straggler, canceled.

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_STATES_H_
