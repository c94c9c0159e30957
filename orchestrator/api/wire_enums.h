// Enums of store and core, and the ones of the wire that have the same words in the same order; the
// wire's begin with UNSPECIFIED. tests/orchestrator/api compares the words.
#ifndef MUSTER_ORCHESTRATOR_API_WIRE_ENUMS_H_
#define MUSTER_ORCHESTRATOR_API_WIRE_ENUMS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "muster/admin/v1/finding.pb.h"
#include "muster/admin/v1/hub.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/notification.pb.h"
#include "muster/admin/v1/operator.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/system.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/admin/v1/verification.pb.h"
#include "muster/types/v1/facts.pb.h"
#include "muster/types/v1/server.pb.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "orchestrator/core/hubs/hub_standing.h"
#include "orchestrator/core/interfaces/finding_operations.h"
#include "orchestrator/core/interfaces/hub_checker.h"
#include "orchestrator/core/interfaces/server_operations.h"
#include "orchestrator/core/interfaces/verification_operations.h"
#include "orchestrator/core/report/explain.h"
#include "orchestrator/core/report/report.h"
#include "store/model/identity.h"
#include "store/model/states.h"
#include "store/model/zone.h"

namespace muster::api {

template <typename E>
struct WireEnum;  // `type`: the wire's; `last`: its last value, which is ours plus one.

#define MUSTER_WIRE_ENUM(Ours, Last, Wire, WireLast)         \
  template <>                                                \
  struct WireEnum<Ours> {                                    \
    using type = Wire;                                       \
    static_assert(static_cast<int>(Last) + 1 == (WireLast)); \
  }

MUSTER_WIRE_ENUM(store::Admission, store::Admission::kRejected, muster::types::v1::Admission,
                 muster::types::v1::ADMISSION_REJECTED);
MUSTER_WIRE_ENUM(store::Enrollment, store::Enrollment::kDegraded, muster::types::v1::Enrollment,
                 muster::types::v1::ENROLLMENT_DEGRADED);
MUSTER_WIRE_ENUM(core::Connectivity, core::Connectivity::kStale, muster::types::v1::Connectivity,
                 muster::types::v1::CONNECTIVITY_STALE);
MUSTER_WIRE_ENUM(store::CommandKind, store::CommandKind::kJoin, muster::admin::v1::CommandKind,
                 muster::admin::v1::COMMAND_KIND_JOIN);
MUSTER_WIRE_ENUM(store::RolloutState, store::RolloutState::kCompletedWithFailures,
                 muster::admin::v1::RolloutState,
                 muster::admin::v1::ROLLOUT_STATE_COMPLETED_WITH_FAILURES);
MUSTER_WIRE_ENUM(store::TargetState, store::TargetState::kCanceled, muster::admin::v1::TargetState,
                 muster::admin::v1::TARGET_STATE_CANCELED);
MUSTER_WIRE_ENUM(store::TokenState, store::TokenState::kLocked, muster::admin::v1::TokenState,
                 muster::admin::v1::TOKEN_STATE_LOCKED);
MUSTER_WIRE_ENUM(store::TokenMode, store::TokenMode::kPending, muster::admin::v1::TokenMode,
                 muster::admin::v1::TOKEN_MODE_PENDING);
MUSTER_WIRE_ENUM(store::VerifierKind, store::VerifierKind::kLogin, muster::admin::v1::VerifierKind,
                 muster::admin::v1::VERIFIER_KIND_LOGIN);
MUSTER_WIRE_ENUM(store::HubListKind, store::HubListKind::kLegacy, muster::admin::v1::HubListKind,
                 muster::admin::v1::HUB_LIST_KIND_LEGACY);
MUSTER_WIRE_ENUM(core::HubStanding, core::HubStanding::kLeftAlone, muster::admin::v1::HubStanding,
                 muster::admin::v1::HUB_STANDING_LEFT_ALONE);
MUSTER_WIRE_ENUM(core::HubCheckStep::Result, core::HubCheckStep::Result::kSkipped,
                 muster::admin::v1::HubCheckStep::Result,
                 muster::admin::v1::HubCheckStep::RESULT_SKIPPED);
MUSTER_WIRE_ENUM(store::MatchKind, store::MatchKind::kMachineName, muster::admin::v1::MatchKind,
                 muster::admin::v1::MATCH_KIND_MACHINE_NAME);
MUSTER_WIRE_ENUM(core::ZoneVerification::State, core::ZoneVerification::State::kFailed,
                 muster::admin::v1::ReadingState, muster::admin::v1::READING_STATE_FAILED);
MUSTER_WIRE_ENUM(core::AuditVerdict::State, core::AuditVerdict::State::kBroken,
                 muster::admin::v1::AuditState, muster::admin::v1::AUDIT_STATE_BROKEN);
MUSTER_WIRE_ENUM(core::Explanation::Source, core::Explanation::Source::kWorker,
                 muster::admin::v1::ExplainServerResponse::Source,
                 muster::admin::v1::ExplainServerResponse::SOURCE_WORKER);
MUSTER_WIRE_ENUM(core::ServerAction::Kind, core::ServerAction::Kind::kReject,
                 muster::admin::v1::ChangeServerRequest::Action,
                 muster::admin::v1::ChangeServerRequest::ACTION_REJECT);
MUSTER_WIRE_ENUM(store::OperatorRole, store::OperatorRole::kProviderAdmin,
                 muster::admin::v1::OperatorRole, muster::admin::v1::OPERATOR_ROLE_PROVIDER_ADMIN);
MUSTER_WIRE_ENUM(store::FindingKind, store::FindingKind::kServiceDown,
                 muster::admin::v1::FindingKind, muster::admin::v1::FINDING_KIND_SERVICE_DOWN);
MUSTER_WIRE_ENUM(store::FindingState, store::FindingState::kReopened,
                 muster::admin::v1::FindingState, muster::admin::v1::FINDING_STATE_REOPENED);
MUSTER_WIRE_ENUM(store::Severity, store::Severity::kCritical, muster::admin::v1::Severity,
                 muster::admin::v1::SEVERITY_CRITICAL);
MUSTER_WIRE_ENUM(store::SweepState, store::SweepState::kSkipped, muster::admin::v1::SweepState,
                 muster::admin::v1::SWEEP_STATE_SKIPPED);
MUSTER_WIRE_ENUM(store::SweepTrigger, store::SweepTrigger::kOperator,
                 muster::admin::v1::SweepTrigger, muster::admin::v1::SWEEP_TRIGGER_OPERATOR);
MUSTER_WIRE_ENUM(core::FindingAction::Kind, core::FindingAction::Kind::kReopen,
                 muster::admin::v1::ChangeFindingRequest::Action,
                 muster::admin::v1::ChangeFindingRequest::ACTION_REOPEN);
MUSTER_WIRE_ENUM(store::ChannelKind, store::ChannelKind::kEmail, muster::admin::v1::ChannelKind,
                 muster::admin::v1::CHANNEL_KIND_EMAIL);
MUSTER_WIRE_ENUM(store::NotificationKind, store::NotificationKind::kKeyExpiring,
                 muster::admin::v1::NotificationKind,
                 muster::admin::v1::NOTIFICATION_KIND_KEY_EXPIRING);
MUSTER_WIRE_ENUM(store::DeliveryState, store::DeliveryState::kFailed,
                 muster::admin::v1::DeliveryState, muster::admin::v1::DELIVERY_STATE_FAILED);
#undef MUSTER_WIRE_ENUM

// The one that is not shifted: the wire's UNSPECIFIED is our "unknown".
static_assert(static_cast<int>(store::ServicePresence::kRunning) ==
              muster::types::v1::ServiceFacts::PRESENCE_RUNNING);
inline muster::types::v1::ServiceFacts::Presence PresenceToProto(store::ServicePresence presence) {
  return static_cast<muster::types::v1::ServiceFacts::Presence>(presence);
}

template <typename E>
typename WireEnum<E>::type ToProto(E value) {
  return static_cast<typename WireEnum<E>::type>(static_cast<int>(value) + 1);
}

// What a request names; E-REQUEST-INVALID for what does not exist, and for nothing at all. `field` is
// the request's name for it.
template <typename E>
absl::StatusOr<E> FromProto(const char* field, typename WireEnum<E>::type value) {
  const auto* known = google::protobuf::GetEnumDescriptor<typename WireEnum<E>::type>();
  if (value > 0 && known->FindValueByNumber(value) != nullptr) return static_cast<E>(value - 1);
  return InvalidRequest(
      value == 0
          ? absl::StrCat(field, " is missing")
          : absl::StrCat(field, " has a value that does not exist: ", static_cast<int>(value)));
}

// The states that a request lists; E-REQUEST-INVALID for one that does not exist. `field` is the
// request's name for them.
template <typename E, typename Listed>
absl::StatusOr<std::vector<E>> StatesOf(const char* field, const Listed& listed) {
  std::vector<E> states;
  for (const int value : listed) {
    ASSIGN_OR_RETURN(const E state,
                     FromProto<E>(field, static_cast<typename WireEnum<E>::type>(value)));
    states.push_back(state);
  }
  return states;
}

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_WIRE_ENUMS_H_
