// States and kinds have one spelling: what the store keeps is what the wire's value is called.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/failure.h"
#include "base/failure_code.h"
#include "orchestrator/api/wire_enums.h"
#include "proto/rpc/words.h"
#include "store/model/states.h"

namespace muster::api {
namespace {

// Every value of a dense enum with words of its own has the same word on the wire, and the wire has no more.
template <typename E>
void CheckWords() {
  std::vector<std::string> words;
  for (int i = 0; !ToString(static_cast<E>(i)).empty(); ++i) {
    words.emplace_back(ToString(static_cast<E>(i)));
    EXPECT_EQ(rpc::WordOf(ToProto(static_cast<E>(i))), words.back());
  }
  EXPECT_EQ(words, rpc::WordsOf<decltype(ToProto(E{}))>());
}

TEST(ApiWords, AreThoseOfStoreAndCore) {
  CheckWords<store::Admission>();
  CheckWords<store::Enrollment>();
  CheckWords<store::CommandKind>();
  CheckWords<store::RolloutState>();
  CheckWords<store::TargetState>();
  CheckWords<store::TokenState>();
  CheckWords<store::TokenMode>();
  CheckWords<store::MatchKind>();
  CheckWords<store::VerifierKind>();
  CheckWords<store::OperatorRole>();
  CheckWords<store::FindingKind>();
  CheckWords<store::FindingState>();
  CheckWords<store::Severity>();
  CheckWords<store::SweepState>();
  CheckWords<store::SweepTrigger>();
  CheckWords<core::Connectivity>();
  CheckWords<core::HubStanding>();
}

// Others of the core are told by the wire's words alone: here they are written once more.
template <typename E>
void CheckValues(const std::vector<std::pair<E, std::string>>& values) {
  std::vector<std::string> words;
  for (const auto& [value, word] : values) {
    EXPECT_EQ(rpc::WordOf(ToProto(value)), word);
    EXPECT_EQ(*FromProto<E>("field", ToProto(value)), value);
    words.push_back(word);
  }
  EXPECT_EQ(words, rpc::WordsOf<decltype(ToProto(E{}))>());
}

TEST(ApiWords, AreTheCoresThatNothingElseSpells) {
  using Reading = core::ZoneVerification::State;
  CheckValues<Reading>({{Reading::kCompleted, "completed"},
                        {Reading::kPartial, "partial"},
                        {Reading::kFailed, "failed"}});
  using Audit = core::AuditVerdict::State;
  CheckValues<Audit>(
      {{Audit::kIntact, "intact"}, {Audit::kRestored, "restored"}, {Audit::kBroken, "broken"}});
  using Source = core::Explanation::Source;
  CheckValues<Source>({{Source::kAudit, "audit"},
                       {Source::kAttempt, "attempt"},
                       {Source::kHub, "hub"},
                       {Source::kWorker, "worker"}});
  using Kind = core::ServerAction::Kind;
  CheckValues<Kind>({{Kind::kRetire, "retire"},
                     {Kind::kRestore, "restore"},
                     {Kind::kBan, "ban"},
                     {Kind::kUnban, "unban"},
                     {Kind::kRename, "rename"},
                     {Kind::kDelete, "delete"},
                     {Kind::kReject, "reject"}});
  using Action = core::FindingAction::Kind;
  CheckValues<Action>({{Action::kAcknowledge, "acknowledge"},
                       {Action::kSuppress, "suppress"},
                       {Action::kReopen, "reopen"}});
}

TEST(ApiWords, PresenceIsNotShifted) {
  using store::ServicePresence;
  for (const auto presence :
       {ServicePresence::kMissing, ServicePresence::kUnreachable, ServicePresence::kRunning}) {
    EXPECT_EQ(rpc::WordOf(PresenceToProto(presence)), ToString(presence));
  }
  EXPECT_EQ(PresenceToProto(ServicePresence::kUnknown),
            muster::types::v1::ServiceFacts::PRESENCE_UNSPECIFIED);
}

TEST(ApiWords, WhatTheWireDoesNotKnowIsRefused) {
  using Action = muster::admin::v1::ChangeServerRequest::Action;
  for (const int value : {-1, 0, 8, 1'000'000}) {
    const auto kind = FromProto<core::ServerAction::Kind>("action", static_cast<Action>(value));
    EXPECT_EQ(FailureCodeOf(kind.status()), FailureCode::kRequestInvalid) << value;
  }
  EXPECT_FALSE(StatesOf<store::Admission>("admissions", std::vector<int>{1, 0}).ok());
  EXPECT_FALSE(StatesOf<store::Admission>("admissions", std::vector<int>{99}).ok());
  EXPECT_EQ(StatesOf<store::Admission>("admissions", std::vector<int>{1, 2})->size(), 2u);
}

}  // namespace
}  // namespace muster::api
