// What becomes of "enrolled" when the world changes: each situation with the finding that it makes,
// what the finding says, and that both are gone once it is cured. The hub is the simulation's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/report/explain.h"
#include "tests/orchestrator/core/sweep_fixture.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::FindingKind;
using store::FindingState;
using store::SweepState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SweepTest : public SweepFixture {};

TEST_F(SweepTest, NothingIsFoundWhereNothingIsWrong) {
  Enroll();
  const store::Sweep sweep = Sweep();
  EXPECT_EQ(sweep.state, SweepState::kCompleted);
  EXPECT_EQ(sweep.counts.instances, 2);
  EXPECT_EQ(sweep.counts.servers, 2);
  EXPECT_EQ(sweep.counts.enrolled, 2);
  EXPECT_EQ(sweep.counts.confirmed, 2);
  EXPECT_EQ(sweep.counts.unmatched, 0);
  EXPECT_THAT(sweep.differences, IsEmpty());
  EXPECT_THAT(Found(), IsEmpty());
}

// Remedy walked: E-VERIFY-GONE
TEST_F(SweepTest, ARecordThatIsRemovedIsMissingUntilItIsBack) {
  Enroll();
  const std::string id = RecordId();
  const sim::SimHub::Record record = Record();
  hub().Remove(id);
  Sweep();
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled) << "one reading is none";
  EXPECT_TRUE(world_->ServerAt(0).proof->questioned_time.has_value());
  EXPECT_THAT(Found(), ElementsAre("missing suspected"));
  world_->RunFor(absl::Seconds(90));
  Sweep();
  ExpectFinding(FindingKind::kMissing, {id, "is not among 1"}, Enrollment::kDegraded);
  EXPECT_EQ(world_->ServerAt(0).failure->code, FailureCode::kVerifyGone);
  EXPECT_THAT(ReportNow().problems, SizeIs(1));
  // The service is connected still and brings it back (certify.md 3.4).
  hub().RecordOf(id) = record;
  ASSERT_TRUE(Verify().ok());
  ExpectCured();
}

TEST_F(SweepTest, ARolloutJoinsAgainWhatTheHubHasLost) {
  Enroll();
  hub().Remove(RecordId());
  SweepTwice();
  ASSERT_EQ(world_->ServerAt(0).enrollment, Enrollment::kDegraded);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  EXPECT_EQ(world_->Counts(rollout->id).total, 1);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  ExpectCured();
}

// Remedy walked: E-VERIFY-DISCONNECTED
TEST_F(SweepTest, AStoppedServiceIsDisconnectedAfterTheZonesPatience) {
  Enroll();
  Record().last_report = world_->clock().Now();
  hub().Disconnect(RecordId());
  SweepTwice();
  EXPECT_THAT(Found(), ElementsAre("disconnected suspected"));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled) << "within the hour";
  // The hub is asked again when the hour is over, by itself.
  world_->RunFor(absl::Minutes(64));
  ExpectFinding(FindingKind::kDisconnected, {"not connected"}, Enrollment::kDegraded);
  Record().last_report.reset();
  Record().connected_since = world_->clock().Now();
  ExpectCured();
}

TEST_F(SweepTest, ARecordThatHangsIsDisconnected) {
  Enroll(6);
  Record().last_report = world_->clock().Now();
  world_->RunFor(absl::Minutes(62));
  SweepTwice();
  ExpectFinding(FindingKind::kDisconnected, {"connected but silent"}, Enrollment::kDegraded);
  Record().last_report.reset();
  ExpectCured();
}

// Remedy walked: E-VERIFY-IDENTITY
TEST_F(SweepTest, AnotherMachineBehindTheRecordTakesTheProofAway) {
  Enroll();
  const std::string title = Record().view.title.str();
  Record().view.title = "STRANGER";
  SweepTwice();
  ExpectFinding(FindingKind::kIdentityChanged, {"STRANGER", title}, Enrollment::kDegraded);
  Record().view.title = title;
  ExpectCured();
}

// Remedy walked: E-FINDING-DUPLICATE
TEST_F(SweepTest, ATitleThatFlipsIsTwoMachinesWithOneIdentity) {
  Enroll();
  const std::string title = Record().view.title.str();
  for (int i = 0; i < 3; ++i) {
    Record().view.title = "CLONE";
    Sweep();
    world_->RunFor(absl::Minutes(5));
    Record().view.title = title;
    Sweep();
    world_->RunFor(absl::Minutes(5));
  }
  EXPECT_THAT(Found(), ElementsAre("duplicate_identity open"));
  Record().view.title = "CLONE";
  SweepTwice();
  EXPECT_THAT(Found(), ElementsAre("identity_changed reopened", "duplicate_identity open"));
  EXPECT_THAT(Findings()[1].evidence.str(), HasSubstr("two machines by turns"));
  // It stays for a day after the last flip.
  Record().view.title = title;
  Sweep();
  EXPECT_THAT(Found(), ElementsAre("duplicate_identity open"));
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

TEST_F(SweepTest, OneServicesHubIdIsAnothersRecord) {
  Enroll();
  // A cloned disk: its worker says that it is the other's record.
  const ServerId clone = world_->servers()[2];
  store::ServiceFacts facts = world_->ServerAt(2).service;
  facts.hub_instance_id = HubInstanceId(RecordId());
  Edit([&](store::Transaction& t) { return t.servers().SetFacts(clone, std::nullopt, facts); });
  SweepTwice();
  ExpectFinding(FindingKind::kDuplicateIdentity, {RecordId(), "says that it is"},
                Enrollment::kEnrolled);
  facts.hub_instance_id = world_->ServerAt(2).proof->hub_instance_id;
  Edit([&](store::Transaction& t) { return t.servers().SetFacts(clone, std::nullopt, facts); });
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

TEST_F(SweepTest, OneServiceWithTwoRecords) {
  Enroll();
  const std::string other = hub().Register("x", world_->clock().Now());
  hub().Connect(other, Record().view.internal_instance_id.str(), Record().view.title.str(),
                world_->clock().Now());
  SweepTwice();
  ExpectFinding(FindingKind::kDuplicateIdentity, {"2 records of one service", other, RecordId()},
                Enrollment::kEnrolled);
  hub().Remove(other);
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

TEST_F(SweepTest, OneServerWithTwoRecords) {
  Enroll();
  const std::string other = hub().Register("x", world_->clock().Now());
  hub().Connect(other, "another service", Record().view.title.str(), world_->clock().Now());
  SweepTwice();
  ExpectFinding(FindingKind::kDuplicateIdentity, {"has a second record", other, RecordId()},
                Enrollment::kEnrolled);
  hub().Remove(other);
  world_->RunFor(absl::Hours(25));
  ExpectCured();
}

// Remedy walked: E-FINDING-GHOST
TEST_F(SweepTest, ARecordThatNeverConnectsIsAGhostAfterAWhile) {
  Enroll();
  const std::string ghost = hub().Register("nobody", world_->clock().Now());
  SweepTwice();
  EXPECT_THAT(Found(), IsEmpty()) << "a join may be under way";
  world_->RunFor(absl::Minutes(20));
  SweepTwice();
  ExpectFinding(FindingKind::kGhost, {ghost, "registered"}, Enrollment::kEnrolled);
  hub().Remove(ghost);
  ExpectCured();
}

// Remedy walked: E-FINDING-UNKNOWN
TEST_F(SweepTest, AnInstanceOfNoInventoryIsUnknown) {
  Enroll();
  const std::string rogue = hub().Register("rogue", world_->clock().Now());
  hub().Connect(rogue, "rogue", "SHADOW-IT", world_->clock().Now());
  SweepTwice();
  ExpectFinding(FindingKind::kUnknown, {rogue, "SHADOW-IT", "connected", "internal id"},
                Enrollment::kEnrolled);
  EXPECT_EQ(Sweep().counts.unmatched, 1);
  hub().Remove(rogue);
  ExpectCured();
}

TEST_F(SweepTest, WhatTheInventoryHasAndMusterDidNotJoinIsNotUnknown) {
  Enroll();
  const ServerId known = Admitted("by-hand");
  const std::string record = hub().Register("x", world_->clock().Now());
  hub().Connect(record, "x", "BY-HAND", world_->clock().Now());
  SweepTwice();
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(ServerOf(known).enrollment, Enrollment::kNotEnrolled) << "nobody asked for it";
}

// Remedy walked: E-FINDING-WRONG-ZONE
TEST_F(SweepTest, AServiceThatIsJoinedElsewhere) {
  Enroll();
  const store::ServiceFacts own = world_->ServerAt(0).service;
  store::ServiceFacts facts = own;
  facts.hub_url = "https://elsewhere.example";
  facts.hub_instance_id = HubInstanceId();
  const auto put = [&](const store::ServiceFacts& f) {
    Edit([&](store::Transaction& t) {
      return t.servers().SetFacts(world_->servers()[0], std::nullopt, f);
    });
  };
  put(facts);
  SweepTwice();
  ExpectFinding(FindingKind::kWrongZone, {"https://elsewhere.example"}, Enrollment::kEnrolled);
  put(own);
  ExpectCured();
}

// Remedy walked: E-FINDING-RENAMED
TEST_F(SweepTest, AMachineThatWasRenamed) {
  Enroll();
  const std::string title = Record().view.title.str();
  store::MachineFacts facts = world_->ServerAt(0).machine;
  facts.machine_name = "NEW-NAME";
  Record().view.title = "NEW-NAME";
  Edit([&](store::Transaction& t) {
    return t.servers().SetFacts(world_->servers()[0], facts, std::nullopt);
  });
  SweepTwice();
  ExpectFinding(FindingKind::kRenamed, {"NEW-NAME", title}, Enrollment::kEnrolled);
  Edit(
      [&](store::Transaction& t) { return t.servers().SetName(world_->servers()[0], "new-name"); });
  ExpectCured();
}

// Remedy walked: E-FINDING-MOVED
TEST_F(SweepTest, AMachineThatIsTwoServers) {
  Enroll();
  const ServerId old = world_->servers()[2];
  for (const size_t server : {size_t{0}, size_t{2}}) {
    store::MachineFacts facts = world_->ServerAt(server).machine;
    facts.machine_id_hash = "same";
    Edit([&](store::Transaction& t) {
      return t.servers().SetFacts(world_->servers()[server], facts, std::nullopt);
    });
  }
  SweepTwice();
  // Both are connected: two machines.
  ExpectFinding(FindingKind::kDuplicateIdentity, {"one machine id", "(connected)"},
                Enrollment::kEnrolled);
  TurnOff(2);
  world_->RunFor(absl::Hours(26));
  SweepTwice();
  ExpectFinding(FindingKind::kMoved, {"one machine id", "last seen"}, Enrollment::kEnrolled);
  hub().Remove(RecordId(2));
  ASSERT_TRUE(Change(old, ServerAction::Kind::kRetire).ok());
  ExpectCured();
}

// Remedy walked: E-FINDING-WORKER-MISSING
TEST_F(SweepTest, AnEnrolledServerWithoutItsWorker) {
  Enroll();
  TurnOff(0);
  world_->RunFor(absl::Hours(24 * 6));
  SweepTwice();
  EXPECT_THAT(Found(), IsEmpty());
  world_->RunFor(absl::Hours(25));
  SweepTwice();
  ExpectFinding(FindingKind::kWorkerMissing, {"last heard of"}, Enrollment::kEnrolled);
  world_->Connect(0);
  world_->RunFor(absl::Minutes(5));
  ExpectCured();
}

// Remedy walked: E-FINDING-CLOCK-SKEW
TEST_F(SweepTest, AHubWhoseClockIsOff) {
  Enroll();
  hub().SetClock(absl::Minutes(10));
  SweepTwice();
  ExpectFinding(FindingKind::kClockSkew, {"10m ahead of"}, Enrollment::kEnrolled);
  hub().SetClock(absl::ZeroDuration());
  ExpectCured();
}

// Remedy walked: E-VERIFY-STALE
TEST_F(SweepTest, WhatTheHubHasNotProvenForADayIsNotProven) {
  Enroll();
  EXPECT_EQ(ReportNow().zones[0].proven, 2);
  hub().SetDownUntil(world_->clock().Now() + absl::Hours(30));
  world_->RunFor(absl::Hours(23));
  EXPECT_EQ(Sweep().state, SweepState::kFailed);
  EXPECT_EQ(ReportNow().zones[0].proven, 2);
  EXPECT_THAT(Found(), IsEmpty());
  world_->RunFor(absl::Hours(2));
  const store::Sweep failed = Sweep();
  EXPECT_THAT(failed.reason, HasSubstr("E-HUB-UNREACHABLE"));
  world_->RunFor(absl::Minutes(2));
  Sweep();
  ExpectFinding(FindingKind::kUnproven, {"2 of 2 enrolled", "not read since", "E-HUB-UNREACHABLE"},
                Enrollment::kEnrolled);
  const core::Report report = ReportNow();
  EXPECT_EQ(report.zones[0].enrolled, 2);
  EXPECT_EQ(report.zones[0].proven, 0);
  EXPECT_TRUE(report.zones[0].hub_failure.has_value());
  ASSERT_THAT(report.problems, SizeIs(2));
  EXPECT_EQ(report.problems[0].enrollment, Enrollment::kEnrolled);
  EXPECT_EQ(report.problems[0].failure.code, FailureCode::kVerifyStale);
  world_->RunFor(absl::Hours(5));
  ASSERT_TRUE(Verify().ok());
  ExpectCured();
  EXPECT_EQ(ReportNow().zones[0].proven, 2);
  EXPECT_THAT(ReportNow().problems, IsEmpty());
}

TEST_F(SweepTest, AReadingRenewsAWholeZoneWithOneRow) {
  Enroll();
  const absl::Time before = world_->ServerAt(0).proof->verified_time;
  world_->RunFor(absl::Hours(3));
  Sweep();
  for (const size_t server : {size_t{0}, size_t{2}}) {
    EXPECT_GE(world_->ServerAt(server).proof->verified_time, before + absl::Hours(3));
  }
  EXPECT_LT(world_->ServerAt(1).proof->verified_time, before + absl::Hours(1)) << "another zone";
  // A questioned one keeps its age while the others are renewed.
  const absl::Time last = world_->ServerAt(0).proof->verified_time;
  hub().Remove(RecordId());
  world_->RunFor(absl::Hours(1));
  Sweep();
  EXPECT_EQ(world_->ServerAt(0).proof->verified_time, last);
  EXPECT_GT(world_->ServerAt(2).proof->verified_time, last);
}

TEST_F(SweepTest, APartialListTakesNothingBack) {
  Enroll();
  hub().SetConnectedOnly(true);
  hub().Remove(RecordId());
  EXPECT_EQ(Sweep().state, SweepState::kPartial);
  world_->RunFor(absl::Minutes(5));
  Sweep();
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
  // Whom it shows it renews, one by one.
  world_->RunFor(absl::Hours(2));
  const absl::Time now = world_->Now();
  Sweep();
  EXPECT_GE(world_->ServerAt(2).proof->verified_time, now);
  EXPECT_LT(world_->ServerAt(0).proof->verified_time, now);
}

TEST_F(SweepTest, WhatCameToNothingHealsWhenTheHubShowsItAfterAll) {
  CoreOptions options;
  options.sweep.every = absl::ZeroDuration();
  Build(2, 0, options);
  const ServerId server = Admitted("late");
  const RolloutId rollout = StartOn(server);
  const std::string id = hub().Register("late", world_->clock().Now());
  store::ServiceFacts service;
  service.hub_instance_id = HubInstanceId(id);
  service.hub_url = hub().url();
  Report(server, Outcome::kSucceeded, std::nullopt, service);
  ASSERT_TRUE(Finishes(rollout, absl::Hours(1)));
  ASSERT_EQ(ServerOf(server).enrollment, Enrollment::kFailed);
  // Nobody asks: the hub is asked about it again by itself.
  hub().Connect(id, "late", "LATE", world_->clock().Now());
  world_->RunFor(absl::Minutes(5));
  EXPECT_EQ(ServerOf(server).enrollment, Enrollment::kEnrolled);
}

TEST_F(SweepTest, VerifySaysWhatItDoesNotSee) {
  Enroll();
  hub().Remove(RecordId());
  auto lines = Verify();
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->front().enrolled, 2);
  EXPECT_EQ(lines->front().confirmed, 1);
  EXPECT_EQ(lines->front().degraded, 0);
  // The second reading comes by itself, a minute later.
  world_->RunFor(absl::Minutes(2));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kDegraded);
}

TEST_F(SweepTest, OneFaultIsOneFindingHoweverOftenItIsSeen) {
  Enroll();
  hub().Remove(RecordId());
  for (int i = 0; i < 10; ++i) {
    Sweep();
    world_->RunFor(absl::Minutes(40));
  }
  const std::vector<store::Finding> findings = Findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_GE(findings[0].times, 9);
  EXPECT_GT(findings[0].last_seen, findings[0].first_seen + absl::Hours(5));
}

TEST_F(SweepTest, WhatIsSeenOnceIsNoFinding) {
  Enroll();
  const sim::SimHub::Record record = Record();
  const std::string id = RecordId();
  hub().Remove(id);
  Sweep();
  hub().RecordOf(id) = record;
  ExpectCured();
  EXPECT_EQ(Findings({FindingState::kOpen, FindingState::kReopened}).size(), 0u);
}

// Remedy walked: E-INVENTORY-FINDING, E-INVENTORY-SWEEP
TEST_F(SweepTest, OperatorsAcknowledgeSuppressAndReopen) {
  Enroll();
  const std::string id = RecordId();
  const sim::SimHub::Record record = Record();
  hub().Remove(id);
  SweepTwice();
  ASSERT_THAT(Found(), ElementsAre("missing open"));
  const FindingId finding = Findings()[0].id;
  const auto acked = ChangeFinding(finding, {FindingAction::Kind::kAcknowledge, "ticket 1", {}});
  ASSERT_TRUE(acked.ok()) << acked.status();
  EXPECT_EQ(acked->state, FindingState::kAcknowledged);
  EXPECT_EQ(acked->reason, "ticket 1");
  EXPECT_FAILS_WITH(ChangeFinding(finding, {FindingAction::Kind::kAcknowledge, "", {}}),
                    kRequestState);
  SweepTwice();
  EXPECT_THAT(Found(), ElementsAre("missing acknowledged")) << "it stays so while it is seen";
  ASSERT_TRUE(ChangeFinding(finding, {FindingAction::Kind::kReopen, "", {}}).ok());
  EXPECT_THAT(Found(), ElementsAre("missing reopened"));

  EXPECT_FAILS_WITH(ChangeFinding(finding, Suppressed(-absl::Hours(1))), kRequestInvalid);
  EXPECT_FAILS_WITH(
      ChangeFinding(finding, {FindingAction::Kind::kSuppress, "", world_->Now() + absl::Hours(1)}),
      kRequestInvalid);
  ASSERT_TRUE(ChangeFinding(finding, Suppressed(absl::Hours(2))).ok());
  SweepTwice();
  EXPECT_THAT(Found(), ElementsAre("missing suppressed"));
  world_->RunFor(absl::Hours(2));
  SweepTwice();
  EXPECT_THAT(Found(), ElementsAre("missing reopened")) << "its time is over";

  hub().RecordOf(id) = record;
  ExpectCured();
  EXPECT_FAILS_WITH(ChangeFinding(finding, {FindingAction::Kind::kReopen, "", {}}), kRequestState);
  EXPECT_FAILS_WITH(ChangeFinding(FindingId("fnd-none"), Suppressed(absl::Hours(1))),
                    kInventoryFinding);
  const Actor elsewhere{"operator:opr-b", store::TenantWall::Of({TenantId("tenant-1")})};
  EXPECT_FAILS_WITH(Ask<store::Finding>([&](auto done) {
                      operations().findings.Call(&FindingOperations::Change, std::move(done),
                                                 elsewhere, finding, Suppressed(absl::Hours(1)));
                    }),
                    kInventoryFinding);
  // What is listed is found.
  EXPECT_TRUE((*world_->Read()->findings().Find(operator_.wall, finding)).has_value());
  const store::Sweep sweep = Sweep();
  EXPECT_TRUE((*world_->Read()->sweeps().Find(operator_.wall, sweep.id)).has_value());
  EXPECT_FALSE((*world_->Read()->sweeps().Find(elsewhere.wall, sweep.id)).has_value());
}

TEST_F(SweepTest, AFindingIsBeingRemediedWhileItsServerIsJoined) {
  Enroll();
  hub().Remove(RecordId());
  SweepTwice();
  ASSERT_THAT(Found(), ElementsAre("missing open"));
  TurnOff(0);  // It waits in the queue.
  RolloutInput input;
  input.deadline = absl::Hours(3);
  const auto rollout = Start(std::move(input));
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  world_->RunFor(absl::Minutes(1));
  Sweep();
  EXPECT_THAT(Found(), ElementsAre("missing remediating"));
  world_->Connect(0);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  ExpectCured();
}

TEST_F(SweepTest, ExplainSaysWhatWasFound) {
  Enroll();
  hub().Remove(RecordId());
  SweepTwice();
  const auto why =
      ExplainServer(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()),
                    world_->servers()[0], world_->Now());
  ASSERT_TRUE(why.ok());
  EXPECT_THAT(why->summary, HasSubstr("E-VERIFY-GONE"));
  EXPECT_THAT(why->summary, HasSubstr(absl::StrCat("Finding missing ", Findings()[0].id.value())));
}

}  // namespace
}  // namespace muster::core
