// Remedies of what the core decides, followed word for word: the message is produced, what its code
// says is done, and it ends well. Workers are moved by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using Kind = ServerAction::Kind;
using sim::JoinCourse;
using store::CommandKind;
using store::Enrollment;
using testing::ElementsAre;
using testing::IsEmpty;

class RemedyWalksTest : public HandDriven {
 protected:
  std::optional<FailureCode> FailureOf(const ServerId& server) {
    const store::Server now = ServerOf(server);
    return now.failure.has_value() ? std::optional(now.failure->code) : std::nullopt;
  }
  absl::StatusOr<std::vector<ZoneVerification>> VerifyZone() {
    return Ask<std::vector<ZoneVerification>>([&](auto done) {
      operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                     std::vector<ZoneId>{zone_});
    });
  }
  store::ServiceFacts JoinedAs(const std::string& id) {
    store::ServiceFacts service;
    service.hub_instance_id = HubInstanceId(id);
    service.hub_url = world_->hub(0).url();
    service.hub_connected = true;
    return service;
  }
  absl::StatusOr<std::vector<std::string>> Apply(const std::string& hub, ApplyChoices choices,
                                                 const Actor& actor) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    TenantInput& tenant = fleet->emplace_back();
    tenant.id = TenantId("tenant-0");
    tenant.zones.push_back({.slug = "prod", .hub_url = hub});
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), actor, std::move(*fleet),
                              choices);
    });
  }
};

// Remedy walked: E-VERIFY-MISSING
TEST_F(RemedyWalksTest, AClaimWithoutARecord) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  Report(server, Outcome::kSucceeded, std::nullopt, JoinedAs("of another hub"));
  ASSERT_TRUE(Finishes(rollout, absl::Hours(2)));
  ASSERT_EQ(FailureOf(server), FailureCode::kVerifyMissing);
  RunAgainWell(server);
}

// Remedy walked: E-VERIFY-NOT-CONNECTED
TEST_F(RemedyWalksTest, ARecordThatNeverConnected) {
  const ServerId server = Admitted("web-1");
  const std::string id = world_->hub(0).Register("internal", world_->clock().Now());
  const RolloutId rollout = StartOn(server);
  Report(server, Outcome::kSucceeded, std::nullopt, JoinedAs(id));
  ASSERT_TRUE(Finishes(rollout, absl::Hours(2)));
  ASSERT_EQ(FailureOf(server), FailureCode::kVerifyNotConnected);
  // The service was restarted.
  world_->hub(0).Connect(id, "internal", "web-1", world_->clock().Now());
  const RolloutId again = StartOn(server);
  Report(server, Outcome::kSucceeded, std::nullopt, JoinedAs(id));
  ASSERT_TRUE(Finishes(again, absl::Hours(2)));
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

// Remedy walked: E-VERIFY-AMBIGUOUS
TEST_F(RemedyWalksTest, AGhostBesideTheServer) {
  Build(2);
  world_->Plan(0, {JoinCourse::kLostOnWayBack});
  RolloutInput input;
  input.max_failures = input.max_in_doubt = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(3)));
  const ServerId server = world_->servers()[0];
  ASSERT_EQ(FailureOf(server), FailureCode::kVerifyAmbiguous);
  world_->workers()[0]->ForgetGhosts();  // Deleted on the hub.
  input.force = true;
  const auto again = Start(input);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(Finishes(again->id, absl::Hours(3)));
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

// Remedy walked: E-ZONE-HUB-CHANGE, E-VERIFY-HUB-CHANGED
TEST_F(RemedyWalksTest, AZoneThatMovesToAnotherHub) {
  const ServerId server = Admitted("web-1");
  RunAgainWell(server);
  const std::string moved = "https://moved.example";
  EXPECT_FAILS_WITH(Apply(moved, {}, operator_), kZoneHubChange);
  ASSERT_TRUE(Apply(moved, {.replace_hub = true}, operator_).ok());
  world_->hub(0).MoveTo(moved);
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kDegraded);
  EXPECT_EQ(FailureOf(server), FailureCode::kVerifyHubChanged);
  RunAgainWell(server, /*allow_takeover=*/true);
  EXPECT_FALSE(FailureOf(server).has_value());
}

// Remedy walked: E-HUB-IMPLAUSIBLE
TEST_F(RemedyWalksTest, AListThatIsFarTooShort) {
  const ServerId server = Admitted("web-1");
  RunAgainWell(server);
  sim::Faults faults;
  faults.hub_read_empty = 1;
  world_->SetFaults(faults);
  const auto verified = VerifyZone();
  ASSERT_TRUE(verified.ok());
  ASSERT_EQ((*verified)[0].failure->code, FailureCode::kHubImplausible);
  // The verifier saw a part only, and sees all again.
  world_->SetFaults({});
  const auto again = VerifyZone();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)[0].state, ZoneVerification::State::kCompleted);
  EXPECT_FALSE((*again)[0].failure.has_value());
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

// Remedy walked: E-DISPATCH-IN-DOUBT
TEST_F(RemedyWalksTest, AConnectionThatBrokeWhileTheCommandRan) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  const auto attempt = AttemptOn(server);
  world_->worker_events().Acknowledged(session_[server], attempt->command_id, attempt->id);
  world_->worker_events().Started(session_[server], attempt->command_id, attempt->id);
  world_->RunFor(absl::Seconds(1));
  Disconnect(server);
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kInDoubt);
  EXPECT_EQ(FailureOf(server), FailureCode::kDispatchInDoubt);
  // It is settled when the worker is back.
  Connect(server, "web-1",
          {{attempt->command_id, attempt->id, SessionOpening::JournalEntry::State::kRunning}});
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kJoining);
  ExpectEnrolls(server, rollout);

  // One that never comes back: an operator looks and settles it; the rollout goes on.
  const ServerId lost = Admitted("web-2");
  const RolloutId other = StartOn(lost);
  const auto sent = AttemptOn(lost);
  world_->worker_events().Acknowledged(session_[lost], sent->command_id, sent->id);
  world_->RunFor(absl::Seconds(1));
  Disconnect(lost);
  ASSERT_EQ(FailureOf(lost), FailureCode::kDispatchInDoubt);
  world_->RunFor(absl::Hours(1));
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Settle, std::move(done), operator_,
                                          lost, Settlement{false, "its disk was replaced"});
              }).ok());
  EXPECT_NE(ServerOf(lost).enrollment, Enrollment::kInDoubt);
  Connect(lost, "web-2");
  ExpectEnrolls(lost, other);
}

// Remedy walked: E-JOIN-INTERRUPTED, E-JOIN-ANSWER-LOST, E-JOIN-TIMEOUT
TEST_F(RemedyWalksTest, AJoinWhoseOutcomeItsWorkerDoesNotKnow) {
  int n = 0;
  for (const FailureCode code :
       {FailureCode::kJoinInterrupted, FailureCode::kJoinAnswerLost, FailureCode::kJoinTimeout}) {
    // The hub's list decides: it happened.
    const std::string name = absl::StrCat("web-", ++n);
    const ServerId server = Admitted(name);
    const RolloutId rollout = StartOn(server);
    const std::string id = world_->hub(0).Register(name, world_->clock().Now());
    Report(server, Outcome::kInDoubt, Failure{code, "no answer"}, JoinedAs(id));
    EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kInDoubt) << TextOf(code);
    EXPECT_EQ(FailureOf(server), code);
    world_->hub(0).Connect(id, name, name, world_->clock().Now());
    ASSERT_TRUE(Finishes(rollout, absl::Hours(1)));
    EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled) << TextOf(code);
    // Or it did not: it is tried again.
    const std::string other = absl::StrCat("app-", n);
    const ServerId absent = Admitted(other);
    const RolloutId second = StartOn(absent);
    Report(absent, Outcome::kInDoubt, Failure{code, "no answer"});
    EXPECT_EQ(FailureOf(absent), code);
    ExpectEnrolls(absent, second);
  }
}

// Remedy walked: E-DISPATCH-TIMEOUT
TEST_F(RemedyWalksTest, AWorkerThatDoesNotReport) {
  const ServerId server = Admitted("web-1");
  const RolloutId probe = StartOn(server, CommandKind::kProbe);
  const auto attempt = AttemptOn(server);
  ASSERT_TRUE(world_->RunUntil(
      [&] {
        const std::vector<store::Attempt> all =
            *world_->Read()->attempts().ListOfServer(server, 10);
        return !all.empty() && all[0].failure.has_value() &&
               all[0].failure->code == FailureCode::kDispatchTimeout;
      },
      absl::Hours(1)));
  Disconnect(server);  // The worker is restarted.
  Connect(server, "web-1");
  Report(server, Outcome::kSucceeded);
  ASSERT_TRUE(Finishes(probe, absl::Hours(2)));
  EXPECT_EQ(world_->RolloutNow(probe).state, store::RolloutState::kCompleted);
}

// Remedy walked: E-DISPATCH-NOT-BEGUN, E-DISPATCH-EXPIRED
TEST_F(RemedyWalksTest, ACommandThatWasNotBegunIsSentAgain) {
  int n = 0;
  for (const FailureCode code : {FailureCode::kDispatchNotBegun, FailureCode::kDispatchExpired}) {
    const ServerId server = Admitted(absl::StrCat("web-", ++n));
    const RolloutId rollout = StartOn(server);
    Report(server, Outcome::kRejected, Failure{code, "not begun"});
    const std::vector<store::Attempt> tries = *world_->Read()->attempts().ListOfServer(server, 10);
    ASSERT_FALSE(tries.empty());
    EXPECT_EQ(tries[0].failure->code, code);
    ExpectEnrolls(server, rollout);
  }
}

// Remedy walked: E-DISPATCH-UNSUPPORTED
TEST_F(RemedyWalksTest, AnOldWorkerIsUpgraded) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  Report(server, Outcome::kRejected, Failure{FailureCode::kDispatchUnsupported, "kind 7"});
  ASSERT_TRUE(Finishes(rollout, absl::Hours(2)));
  ASSERT_EQ(TargetFailure(rollout, server), FailureCode::kDispatchUnsupported);
  Disconnect(server);
  Connect(server, "web-1");
  RunAgainWell(server);
}

// Remedy walked: E-JOIN-RATE-LIMITED
TEST_F(RemedyWalksTest, AHubThatAllowsTooFewJoinsAMinute) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  Report(server, Outcome::kFailed, Failure{FailureCode::kJoinRateLimited, "429"});
  EXPECT_EQ(TargetFailure(rollout, server), FailureCode::kJoinRateLimited);
  ExpectEnrolls(server, rollout);  // Nothing is to be done.
}

// Remedy walked: E-ROLLOUT-DEADLINE
TEST_F(RemedyWalksTest, ADeadlineThatCameFirst) {
  Build(8);
  RolloutInput input;
  input.max_concurrency = "1";
  input.max_failures = "100%";
  input.deadline = absl::Seconds(90);
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  int late = 0;
  for (const ServerId& server : world_->servers()) {
    late += TargetFailure(rollout->id, server) == FailureCode::kRolloutDeadline;
  }
  ASSERT_GT(late, 0);
  input.max_concurrency = "100%";
  input.deadline = absl::Hours(5);
  const auto again = Start(input);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_LT(world_->Counts(again->id).total, 8) << "enrolled servers are left out";
  ASSERT_TRUE(Finishes(again->id, absl::Hours(5)));
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(world_->ServerAt(i).enrollment, Enrollment::kEnrolled) << i;
  }
}

// Remedy walked: E-ROLLOUT-UNKNOWN
TEST_F(RemedyWalksTest, ARolloutThatDoesNotExist) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  const auto pause = [&](const RolloutId& id) {
    return Ask<store::Rollout>([&](auto done) {
      operations().rollouts.Call(&RolloutOperations::Pause, std::move(done), operator_, id);
    });
  };
  EXPECT_FAILS_WITH(pause(RolloutId("rol-mistyped")), kRolloutUnknown);
  const std::vector<store::Rollout> listed =
      *world_->Read()->rollouts().List({.wall = store::TenantWall::Everything(), .limit = 10});
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, rollout);
  EXPECT_TRUE(pause(listed[0].id).ok());
}

// Remedy walked: E-CERT-UNKNOWN
TEST_F(RemedyWalksTest, ACertificateThatIsNotKnown) {
  const ServerId server = Admitted("web-1");
  SessionOpening lost = Opening(server, "not on record");
  lost.public_key_hash.clear();
  EXPECT_FAILS_WITH(Open(lost), kCertUnknown);
  EXPECT_THAT(Observed(server), ElementsAre(FailureCode::kCertUnknown));
  EnrollAgain(server, "anew");
  EXPECT_THAT(Observed(server), IsEmpty());
}

// Remedy walked: E-CERT-FOREIGN
TEST_F(RemedyWalksTest, ACertificateOfAnotherPlace) {
  const ServerId server = Admitted("web-1");
  SessionOpening foreign = Opening(server, "foreign");
  foreign.zone_id = ZoneId("tenant-1/prod");
  foreign.tenant_id = TenantId("tenant-1");
  EXPECT_FAILS_WITH(Open(foreign), kCertForeign);
  EnrollAgain(server, "of its zone");
  RunAgainWell(server);
}

// Remedy walked: E-CERT-ADOPTED
TEST_F(RemedyWalksTest, ACertificateThatWasTakenOver) {
  const ServerId server = Admitted("web-1");
  ASSERT_TRUE(Open(Opening(server, "made after the backup")).ok());
  EXPECT_THAT(Observed(server), ElementsAre(FailureCode::kCertAdopted));
  // No backup was restored: evict the server and enroll it again.
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_,
                                          server, "no backup was restored");
              }).ok());
  world_->RunFor(absl::Seconds(1));
  EnrollAgain(server, "anew");
  EXPECT_THAT(Observed(server), IsEmpty());
  EXPECT_FAILS_WITH(Open(Opening(server, "made after the backup")), kCertRevoked);
}

// Remedy walked: E-SESSION-REPLACED
TEST_F(RemedyWalksTest, AClonedDisk) {
  const ServerId server = Admitted("web-1");
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"}) {
    SessionOpening opening = Opening(server, "web-1");
    opening.address = address;
    ASSERT_TRUE(Open(opening).ok());
    world_->RunFor(absl::Minutes(1));
  }
  ASSERT_THAT(Observed(server), ElementsAre(FailureCode::kSessionReplaced));
  // The clone: stopped, its data directory removed, enrolled under a name of its own.
  const ServerId clone = Admitted("web-1-clone");
  EXPECT_NE(clone, server);
  world_->RunFor(absl::Minutes(70));
  EXPECT_THAT(Observed(server), IsEmpty());
  EXPECT_THAT(Observed(clone), IsEmpty());
}

// Remedy walked: E-SESSION-PIN-REFUSED
TEST_F(RemedyWalksTest, APinThatAWorkerDoesNotTake) {
  const ServerId server = Admitted("web-1");
  const store::Zone zone = **world_->Read()->zones().Find(zone_);
  const ZonePin present{zone.id, zone.hub_url, zone.allow_cli_join, zone.pin_version,
                        zone.service_account};
  ZonePin other = present;
  other.hub_url = "https://other.example";
  world_->worker_events().PinHeld(session_[server], other, "it cannot be kept: disk full");
  world_->RunFor(absl::Seconds(1));
  ASSERT_THAT(Observed(server), ElementsAre(FailureCode::kSessionPinRefused));
  // Its data directory was mended, or: enrolled again, it holds the zone's pin.
  EnrollAgain(server, "anew");
  world_->worker_events().PinHeld(session_[server], present, "");
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(server), IsEmpty());
}

// Remedy walked: E-AUTH-FORBIDDEN
TEST_F(RemedyWalksTest, AnOperatorOfAnotherTenant) {
  const Actor elsewhere{"operator:opr-b", store::TenantWall::Of({TenantId("tenant-1")})};
  EXPECT_FAILS_WITH(Apply(world_->hub(0).url(), {}, elsewhere), kAuthForbidden);
  EXPECT_TRUE(Apply(world_->hub(0).url(), {}, operator_).ok());  // A provider_admin does it.
}

// A server whose certificate is of another zone than its record: as if rows had been mixed up.
// Remedy walked: E-DISPATCH-ZONE-LOCK
TEST_F(RemedyWalksTest, AWorkerOfAnotherZone) {
  // The dispatcher's refusal stands in dispatcher_test.cc; this is what follows from it.
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  Report(server, Outcome::kRejected, Failure{FailureCode::kDispatchZoneLock, "of another zone"});
  ASSERT_TRUE(Finishes(rollout, absl::Hours(2)));
  ASSERT_EQ(FailureOf(server), FailureCode::kDispatchZoneLock);
  Disconnect(server);  // Stopped, its data directory removed.
  EnrollAgain(server, "of the server's zone");
  RunAgainWell(server);
}

}  // namespace
}  // namespace muster::core
