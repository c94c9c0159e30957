#include "store/model/states.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace muster::store {
namespace {

template <typename E>
struct Name {
  E value;
  const char* text;
};

template <typename E, size_t N>
absl::string_view TextIn(const std::array<Name<E>, N>& names, E value) {
  for (const Name<E>& name : names) {
    if (name.value == value) return name.text;
  }
  return "";
}

template <typename E, size_t N>
std::optional<E> ValueIn(const std::array<Name<E>, N>& names, absl::string_view text) {
  for (const Name<E>& name : names) {
    if (text == name.text) return name.value;
  }
  return std::nullopt;
}

// The states that one state may move to, as a set of bits.
template <typename E>
struct Moves {
  E from;
  uint32_t to;
};

template <typename... E>
constexpr uint32_t To(E... states) {
  return ((uint32_t{1} << static_cast<int>(states)) | ... | uint32_t{0});
}

template <typename E, size_t N>
bool Holds(const Moves<E> (&table)[N], E from, E to) {
  for (const Moves<E>& row : table) {
    if (row.from == from) return (row.to & To(to)) != 0;
  }
  return false;
}

constexpr std::array kAdmissions = {
    Name<Admission>{Admission::kRegistered, "registered"},
    Name<Admission>{Admission::kPending, "pending"},
    Name<Admission>{Admission::kAdmitted, "admitted"},
    Name<Admission>{Admission::kEvicted, "evicted"},
    Name<Admission>{Admission::kBanned, "banned"},
    Name<Admission>{Admission::kRetired, "retired"},
    Name<Admission>{Admission::kRejected, "rejected"},
};
constexpr std::array kEnrollments = {
    Name<Enrollment>{Enrollment::kNotEnrolled, "not_enrolled"},
    Name<Enrollment>{Enrollment::kQueued, "queued"},
    Name<Enrollment>{Enrollment::kJoining, "joining"},
    Name<Enrollment>{Enrollment::kJoinedUnverified, "joined_unverified"},
    Name<Enrollment>{Enrollment::kEnrolled, "enrolled"},
    Name<Enrollment>{Enrollment::kFailed, "failed"},
    Name<Enrollment>{Enrollment::kInDoubt, "in_doubt"},
    Name<Enrollment>{Enrollment::kDegraded, "degraded"},
};
constexpr std::array kAttemptStates = {
    Name<AttemptState>{AttemptState::kSent, "sent"},
    Name<AttemptState>{AttemptState::kAcknowledged, "acknowledged"},
    Name<AttemptState>{AttemptState::kRunning, "running"},
    Name<AttemptState>{AttemptState::kSucceeded, "succeeded"},
    Name<AttemptState>{AttemptState::kFailed, "failed"},
    Name<AttemptState>{AttemptState::kRejected, "rejected"},
    Name<AttemptState>{AttemptState::kTimedOut, "timed_out"},
    Name<AttemptState>{AttemptState::kInDoubt, "in_doubt"},
    Name<AttemptState>{AttemptState::kSettled, "settled"},
};
constexpr std::array kRolloutStates = {
    Name<RolloutState>{RolloutState::kPlanned, "planned"},
    Name<RolloutState>{RolloutState::kRunning, "running"},
    Name<RolloutState>{RolloutState::kPaused, "paused"},
    Name<RolloutState>{RolloutState::kCompleted, "completed"},
    Name<RolloutState>{RolloutState::kCompletedWithStragglers, "completed_with_stragglers"},
    Name<RolloutState>{RolloutState::kCanceled, "canceled"},
    Name<RolloutState>{RolloutState::kCanceling, "canceling"},
    Name<RolloutState>{RolloutState::kCompletedWithFailures, "completed_with_failures"},
};
constexpr std::array kTargetStates = {
    Name<TargetState>{TargetState::kWaiting, "waiting"},
    Name<TargetState>{TargetState::kInFlight, "in_flight"},
    Name<TargetState>{TargetState::kVerifying, "verifying"},
    Name<TargetState>{TargetState::kSucceeded, "succeeded"},
    Name<TargetState>{TargetState::kFailed, "failed"},
    Name<TargetState>{TargetState::kInDoubt, "in_doubt"},
    Name<TargetState>{TargetState::kStraggler, "straggler"},
    Name<TargetState>{TargetState::kCanceled, "canceled"},
};
constexpr std::array kKeyVersionStates = {
    Name<KeyVersionState>{KeyVersionState::kActive, "active"},
    Name<KeyVersionState>{KeyVersionState::kTainted, "tainted"},
};
constexpr std::array kTokenStates = {
    Name<TokenState>{TokenState::kActive, "active"},
    Name<TokenState>{TokenState::kExhausted, "exhausted"},
    Name<TokenState>{TokenState::kExpired, "expired"},
    Name<TokenState>{TokenState::kRevoked, "revoked"},
    Name<TokenState>{TokenState::kLocked, "locked"},
};
constexpr std::array kCertificateStates = {
    Name<CertificateState>{CertificateState::kActive, "active"},
    Name<CertificateState>{CertificateState::kSuperseded, "superseded"},
    Name<CertificateState>{CertificateState::kRevoked, "revoked"},
};
constexpr std::array kCommandKinds = {
    Name<CommandKind>{CommandKind::kProbe, "probe"},
    Name<CommandKind>{CommandKind::kJoin, "join"},
};
constexpr std::array kMatchKinds = {
    Name<MatchKind>{MatchKind::kHubId, "hub_id"},
    Name<MatchKind>{MatchKind::kInternalId, "internal_id"},
    Name<MatchKind>{MatchKind::kMachineName, "machine_name"},
};
constexpr std::array kTokenModes = {
    Name<TokenMode>{TokenMode::kAuto, "auto"},
    Name<TokenMode>{TokenMode::kPending, "pending"},
};
constexpr std::array kVerifierKinds = {
    Name<VerifierKind>{VerifierKind::kNone, "none"},
    Name<VerifierKind>{VerifierKind::kApiToken, "api_token"},
    Name<VerifierKind>{VerifierKind::kLogin, "login"},
};
constexpr std::array kHubListKinds = {
    Name<HubListKind>{HubListKind::kUnknown, "unknown"},
    Name<HubListKind>{HubListKind::kFull, "full"},
    Name<HubListKind>{HubListKind::kWithoutPending, "without_pending"},
    Name<HubListKind>{HubListKind::kConnectedOnly, "connected_only"},
    Name<HubListKind>{HubListKind::kSummary, "summary"},
    Name<HubListKind>{HubListKind::kLegacy, "legacy"},
};
constexpr std::array kServicePresences = {
    Name<ServicePresence>{ServicePresence::kUnknown, "unknown"},
    Name<ServicePresence>{ServicePresence::kMissing, "missing"},
    Name<ServicePresence>{ServicePresence::kUnreachable, "unreachable"},
    Name<ServicePresence>{ServicePresence::kRunning, "running"},
};
constexpr std::array kOperatorRoles = {
    Name<OperatorRole>{OperatorRole::kViewer, "viewer"},
    Name<OperatorRole>{OperatorRole::kOperator, "operator"},
    Name<OperatorRole>{OperatorRole::kTenantAdmin, "tenant_admin"},
    Name<OperatorRole>{OperatorRole::kProviderAdmin, "provider_admin"},
};
constexpr std::array kFindingKinds = {
    Name<FindingKind>{FindingKind::kMissing, "missing"},
    Name<FindingKind>{FindingKind::kDisconnected, "disconnected"},
    Name<FindingKind>{FindingKind::kIdentityChanged, "identity_changed"},
    Name<FindingKind>{FindingKind::kDuplicateIdentity, "duplicate_identity"},
    Name<FindingKind>{FindingKind::kGhost, "ghost"},
    Name<FindingKind>{FindingKind::kUnknown, "unknown"},
    Name<FindingKind>{FindingKind::kWrongZone, "wrong_zone"},
    Name<FindingKind>{FindingKind::kRenamed, "renamed"},
    Name<FindingKind>{FindingKind::kMoved, "moved"},
    Name<FindingKind>{FindingKind::kUnproven, "unproven"},
    Name<FindingKind>{FindingKind::kWorkerMissing, "worker_missing"},
    Name<FindingKind>{FindingKind::kClockSkew, "clock_skew"},
    Name<FindingKind>{FindingKind::kServiceDown, "service_down"},
};
constexpr std::array kFindingStates = {
    Name<FindingState>{FindingState::kSuspected, "suspected"},
    Name<FindingState>{FindingState::kOpen, "open"},
    Name<FindingState>{FindingState::kAcknowledged, "acknowledged"},
    Name<FindingState>{FindingState::kRemediating, "remediating"},
    Name<FindingState>{FindingState::kResolved, "resolved"},
    Name<FindingState>{FindingState::kSuppressed, "suppressed"},
    Name<FindingState>{FindingState::kReopened, "reopened"},
};
constexpr std::array kSeveritys = {
    Name<Severity>{Severity::kLow, "low"},
    Name<Severity>{Severity::kMedium, "medium"},
    Name<Severity>{Severity::kHigh, "high"},
    Name<Severity>{Severity::kCritical, "critical"},
};
constexpr std::array kSweepStates = {
    Name<SweepState>{SweepState::kRunning, "running"},
    Name<SweepState>{SweepState::kCompleted, "completed"},
    Name<SweepState>{SweepState::kPartial, "partial"},
    Name<SweepState>{SweepState::kFailed, "failed"},
    Name<SweepState>{SweepState::kSkipped, "skipped"},
};
constexpr std::array kSweepTriggers = {
    Name<SweepTrigger>{SweepTrigger::kSchedule, "schedule"},
    Name<SweepTrigger>{SweepTrigger::kOperator, "operator"},
};
constexpr std::array kChannelKinds = {
    Name<ChannelKind>{ChannelKind::kWebhook, "webhook"},
    Name<ChannelKind>{ChannelKind::kEmail, "email"},
};
constexpr std::array kNotificationKinds = {
    Name<NotificationKind>{NotificationKind::kTest, "test"},
    Name<NotificationKind>{NotificationKind::kFindingOpened, "finding_opened"},
    Name<NotificationKind>{NotificationKind::kFindingResolved, "finding_resolved"},
    Name<NotificationKind>{NotificationKind::kRolloutPaused, "rollout_paused"},
    Name<NotificationKind>{NotificationKind::kRolloutFinished, "rollout_finished"},
    Name<NotificationKind>{NotificationKind::kTokenRefused, "token_refused"},
    Name<NotificationKind>{NotificationKind::kCoverageLow, "coverage_low"},
    Name<NotificationKind>{NotificationKind::kCoverageRestored, "coverage_restored"},
    Name<NotificationKind>{NotificationKind::kOperatorExpiring, "operator_expiring"},
    Name<NotificationKind>{NotificationKind::kCertificateExpiring, "certificate_expiring"},
    Name<NotificationKind>{NotificationKind::kBackupOld, "backup_old"},
    Name<NotificationKind>{NotificationKind::kKeyExpiring, "key_expiring"},
};
constexpr std::array kDeliveryStates = {
    Name<DeliveryState>{DeliveryState::kWaiting, "waiting"},
    Name<DeliveryState>{DeliveryState::kSending, "sending"},
    Name<DeliveryState>{DeliveryState::kDelivered, "delivered"},
    Name<DeliveryState>{DeliveryState::kFailed, "failed"},
};

}  // namespace

#define MUSTER_STATE_STRINGS(Enum)                                             \
  absl::string_view ToString(Enum value) { return TextIn(k##Enum##s, value); } \
  std::optional<Enum> Parse##Enum(absl::string_view text) { return ValueIn(k##Enum##s, text); }
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

bool MayMove(Admission from, Admission to) {
  using enum Admission;
  static constexpr Moves<Admission> kMoves[] = {
      {kRegistered, To(kPending, kAdmitted, kBanned, kRetired)},
      {kPending, To(kAdmitted, kRejected, kBanned, kRetired)},
      {kAdmitted, To(kEvicted, kBanned, kRetired)},
      {kEvicted, To(kPending, kAdmitted, kBanned, kRetired)},  // Comes back with a new token.
      // An operator lifts these two: the server starts again.
      {kBanned, To(kRegistered, kRetired)},
      {kRetired, To(kRegistered)},
      // And this one: it waits again, or is let in.
      {kRejected, To(kPending, kAdmitted, kBanned, kRetired)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(Enrollment from, Enrollment to) {
  using enum Enrollment;
  // Only the verifier moves to enrolled (invariant 3): from a claim, from doubt, or when the hub's
  // list proves a server that nobody waits for.
  static constexpr Moves<Enrollment> kMoves[] = {
      {kNotEnrolled, To(kQueued, kEnrolled)},
      {kQueued, To(kJoining, kNotEnrolled, kFailed, kInDoubt)},
      {kJoining, To(kJoinedUnverified, kFailed, kInDoubt, kNotEnrolled, kQueued)},
      {kJoinedUnverified, To(kEnrolled, kFailed, kQueued)},
      {kEnrolled, To(kDegraded, kQueued)},
      {kFailed, To(kQueued, kEnrolled)},
      {kInDoubt, To(kJoining, kJoinedUnverified, kEnrolled, kFailed, kQueued, kNotEnrolled)},
      {kDegraded, To(kEnrolled, kQueued)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(AttemptState from, AttemptState to) {
  using enum AttemptState;
  static constexpr Moves<AttemptState> kMoves[] = {
      {kSent, To(kAcknowledged, kRunning, kSucceeded, kFailed, kRejected, kTimedOut, kInDoubt)},
      {kAcknowledged, To(kRunning, kSucceeded, kFailed, kRejected, kTimedOut, kInDoubt)},
      {kRunning, To(kSucceeded, kFailed, kRejected, kTimedOut, kInDoubt)},
      // The worker is back and still at it, or the doubt is settled.
      {kInDoubt, To(kRunning, kSettled)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(RolloutState from, RolloutState to) {
  using enum RolloutState;
  static constexpr Moves<RolloutState> kMoves[] = {
      {kPlanned, To(kRunning)},
      {kRunning, To(kPaused, kCanceling, kCompleted, kCompletedWithStragglers,
                    kCompletedWithFailures, kCanceled)},
      // What was in flight when it paused may be the last that was open.
      {kPaused, To(kRunning, kCanceling, kCompleted, kCompletedWithStragglers,
                   kCompletedWithFailures, kCanceled)},
      {kCanceling, To(kCanceled)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(TargetState from, TargetState to) {
  using enum TargetState;
  static constexpr Moves<TargetState> kMoves[] = {
      {kWaiting, To(kInFlight, kSucceeded, kFailed, kStraggler, kCanceled)},
      {kInFlight, To(kWaiting, kVerifying, kSucceeded, kFailed, kInDoubt, kCanceled)},
      {kVerifying, To(kWaiting, kSucceeded, kFailed, kCanceled)},
      {kInDoubt, To(kWaiting, kInFlight, kVerifying, kSucceeded, kFailed, kCanceled)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(KeyVersionState from, KeyVersionState to) {
  using enum KeyVersionState;
  static constexpr Moves<KeyVersionState> kMoves[] = {
      {kActive, To(kTainted)},  // The same secret stored again is a new version.
  };
  return Holds(kMoves, from, to);
}

bool MayMove(TokenState from, TokenState to) {
  using enum TokenState;
  static constexpr Moves<TokenState> kMoves[] = {
      {kActive, To(kExhausted, kExpired, kRevoked, kLocked)},
      {kExhausted, To(kRevoked)},
      {kExpired, To(kRevoked)},
      {kLocked, To(kActive, kExpired, kRevoked)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(CertificateState from, CertificateState to) {
  using enum CertificateState;
  static constexpr Moves<CertificateState> kMoves[] = {
      {kActive, To(kSuperseded, kRevoked)},
      {kSuperseded, To(kRevoked)},  // With the server, whose every key is put out.
  };
  return Holds(kMoves, from, to);
}

bool MayMove(FindingState from, FindingState to) {
  using enum FindingState;
  static constexpr Moves<FindingState> kMoves[] = {
      {kSuspected, To(kOpen, kResolved, kSuppressed)},
      {kOpen, To(kAcknowledged, kRemediating, kResolved, kSuppressed)},
      {kAcknowledged, To(kRemediating, kResolved, kSuppressed, kReopened)},
      {kRemediating, To(kResolved, kSuppressed, kReopened)},
      {kResolved, To(kReopened)},
      {kSuppressed, To(kResolved, kReopened)},
      {kReopened, To(kAcknowledged, kRemediating, kResolved, kSuppressed)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(SweepState from, SweepState to) {
  using enum SweepState;
  static constexpr Moves<SweepState> kMoves[] = {
      {kRunning, To(kCompleted, kPartial, kFailed)},
  };
  return Holds(kMoves, from, to);
}

bool MayMove(DeliveryState from, DeliveryState to) {
  using enum DeliveryState;
  static constexpr Moves<DeliveryState> kMoves[] = {
      {kWaiting, To(kSending, kFailed)},  // Failed: too long behind a channel that is paused.
      {kSending, To(kWaiting, kDelivered, kFailed)},
      {kDelivered, To(kWaiting)},  // Replayed, as is the next.
      {kFailed, To(kWaiting)},
  };
  return Holds(kMoves, from, to);
}

bool IsOpen(AttemptState state) {
  switch (state) {
    case AttemptState::kSent:
    case AttemptState::kAcknowledged:
    case AttemptState::kRunning:
    case AttemptState::kInDoubt:
      return true;
    default:
      return false;
  }
}

bool IsFinal(RolloutState state) {
  switch (state) {
    case RolloutState::kCompleted:
    case RolloutState::kCompletedWithStragglers:
    case RolloutState::kCompletedWithFailures:
    case RolloutState::kCanceled:
      return true;
    default:
      return false;
  }
}

bool IsFinal(TargetState state) {
  switch (state) {
    case TargetState::kSucceeded:
    case TargetState::kFailed:
    case TargetState::kStraggler:
    case TargetState::kCanceled:
      return true;
    default:
      return false;
  }
}

}  // namespace muster::store
