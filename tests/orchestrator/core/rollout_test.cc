// Rollouts end to end in a world that works, and one thing broken at a time.
// One file because all of it shares one world and its helpers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "orchestrator/core/report/explain.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/core_bench.h"
#include "tests/sim/invariants.h"

namespace muster::core {
namespace {

using sim::JoinCourse;
using store::Enrollment;
using store::RolloutState;

class RolloutTest : public CoreBench {
 protected:
  void TearDown() override { EXPECT_THAT(sim::FindBreaches(*world_, false), testing::IsEmpty()); }
  absl::StatusOr<std::vector<ZoneVerification>> Verify(const std::vector<ZoneId>& zones) {
    return Ask<std::vector<ZoneVerification>>([&](auto done) {
      operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                     zones);
    });
  }
  absl::StatusOr<std::vector<ZoneVerification>> VerifyAll() {
    return Ask<std::vector<ZoneVerification>>([&](auto done) {
      operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                     std::vector<ZoneId>{zone_, ZoneId("tenant-1/prod")});
    });
  }
  FailureCode FailureAt(size_t server) { return world_->ServerAt(server).failure->code; }
};

TEST_F(RolloutTest, EnrollsByTheHubsWordAndReports) {
  Build(6, 1);
  RolloutInput input;
  input.deadline = absl::Hours(1);
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCompletedWithStragglers);
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 5);
  EXPECT_TRUE(world_->watched().contains(rollout->id));
  const store::Server first = world_->ServerAt(0);
  ASSERT_TRUE(first.proof.has_value());
  EXPECT_EQ(first.proof->match, store::MatchKind::kHubId);

  const auto snapshot = world_->Read();
  const store::WalledSnapshot all(*snapshot, store::TenantWall::Everything());
  const auto report = MakeReport(all, {}, world_->clock().Now());
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->zones.size(), 2u);
  EXPECT_EQ(report->zones[0].enrolled + report->zones[1].enrolled, 5);
  EXPECT_EQ(report->zones[0].hub_unmatched, 1) << "the record that was there before";
  ASSERT_EQ(report->problems.size(), 1u);
  EXPECT_EQ(report->problems[0].failure.code, FailureCode::kDispatchOffline);
  const auto why = ExplainServer(all, first.id, world_->clock().Now());
  ASSERT_TRUE(why.ok());
  EXPECT_THAT(why->summary, testing::HasSubstr("is enrolled"));
  EXPECT_GE(why->entries.size(), 6u);
  // In the order in which it happened, also within one turn.
  const auto at = [&](absl::string_view action) {
    return std::find_if(why->entries.begin(), why->entries.end(),
                        [&](const auto& entry) { return absl::StartsWith(entry.text, action); });
  };
  ASSERT_NE(at("command.started"), why->entries.end());
  EXPECT_LT(at("command.acknowledged"), at("command.started"));
  EXPECT_LT(at("command.started"), at("command.finished"));
}

TEST_F(RolloutTest, LimitsConcurrencyOfRolloutAndZone) {
  CoreOptions options;
  options.pacing.initial_joins_per_minute = 6000;
  Build(10, 0, options);
  RolloutInput input;
  input.max_concurrency = "3";
  const auto rollout = Start(input);
  int most = 0;
  world_->RunUntil(
      [&] {
        const store::TargetCounts counts = world_->Counts(rollout->id);
        most = std::max(most, counts.in_flight);
        return counts.succeeded == 10;
      },
      absl::Hours(2));
  EXPECT_EQ(most, 3);
}

TEST_F(RolloutTest, TooManyFailuresPauseAndResumeForgives) {
  Build(8);
  for (size_t i = 0; i < 8; ++i) world_->Plan(i, {JoinCourse::kKeyRefused});
  RolloutInput input;
  input.max_concurrency = "1";
  input.max_failures = "1";
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->RolloutNow(rollout->id).state == RolloutState::kPaused; },
      absl::Hours(3)));
  world_->RunFor(absl::Hours(1));
  EXPECT_EQ(world_->Counts(rollout->id).failed, 2);
  for (size_t i = 0; i < 8; ++i) world_->Plan(i, {});
  ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                operations().rollouts.Call(&RolloutOperations::Resume, std::move(done), operator_,
                                           rollout->id);
              }).ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(5)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 6);
}

// A join that takes the machine down with it: max concurrency and max in doubt hold the rollout,
// however long it runs.
TEST_F(RolloutTest, AJoinThatKillsItsWorkersStopsAtTheLimitOfDoubt) {
  Build(40);
  world_->SetPowerOffAtJoin(true);
  RolloutInput input;
  input.max_concurrency = "4";
  const auto rollout = world_->StartJoin(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  const auto killed = [&] {
    return std::count_if(world_->workers().begin(), world_->workers().end(),
                         [](const auto& worker) { return worker->joins() > 0; });
  };
  world_->RunFor(absl::Hours(1));
  EXPECT_EQ(killed(), 4) << "a target in doubt keeps its slot";
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kPaused);
  EXPECT_THAT(world_->RolloutNow(rollout->id).reason,
              testing::HasSubstr("of 40 targets are in doubt, more than the limit of 2"));

  // Resumed: what is in doubt is forgiven and gives its slot back; the limit counts anew, also
  // after a restart.
  const auto resume = [&] {
    ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                  operations().rollouts.Call(&RolloutOperations::Resume, std::move(done), operator_,
                                             rollout->id);
                }).ok());
  };
  resume();
  world_->RunFor(absl::Seconds(30));
  world_->KillOrchestrator();
  world_->RunFor(absl::Hours(1));
  EXPECT_EQ(killed(), 8);
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kPaused);

  // Mended: those that never came back have failed in the end; nothing stands still.
  world_->SetPowerOffAtJoin(false);
  resume();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(25)));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCompletedWithFailures);
  const store::TargetCounts counts = world_->Counts(rollout->id);
  EXPECT_EQ(counts.succeeded + counts.failed, 40);
  EXPECT_LE(counts.failed, 8);
}

// Every worker is in doubt for a moment when the orchestrator restarts; no operator is needed
// (invariant 10).
TEST_F(RolloutTest, ARestartPausesNothing) {
  CoreOptions options;
  options.pacing.initial_joins_per_minute = 6000;
  Build(20, 0, options);
  RolloutInput input;
  input.max_concurrency = "100%";
  input.max_in_doubt = "0";
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight > 10; },
                               absl::Minutes(5)));
  world_->KillOrchestrator();
  EXPECT_GT(world_->Counts(rollout->id).in_doubt, 10);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 20);
}

// The deadline ends a rollout whose slots are all held by doubt.
TEST_F(RolloutTest, DoubtDoesNotOutliveTheDeadline) {
  Build(6);
  world_->SetPowerOffAtJoin(true);
  RolloutInput input;
  input.max_concurrency = "2";
  input.max_in_doubt = "100%";
  input.deadline = absl::Hours(3);
  const auto rollout = world_->StartJoin(input);
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kRunning) << "as it was asked to";
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  EXPECT_EQ(world_->Counts(rollout->id).failed, 6);
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCompletedWithFailures);
}

TEST_F(RolloutTest, PlantedProblemsGetTheirCodes) {
  Build(6);
  world_->Plan(0, {JoinCourse::kNeverConnects});
  world_->Plan(1, {JoinCourse::kLostOnWayBack});
  world_->Plan(2, {JoinCourse::kLostOnWayToHub});
  world_->Plan(3, {JoinCourse::kAnswerLost});
  world_->Plan(4, {JoinCourse::kRateLimited, JoinCourse::kRateLimited});
  RolloutInput input;
  input.max_failures = input.max_in_doubt = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(3)));
  EXPECT_EQ(FailureAt(0), FailureCode::kVerifyNotConnected);
  EXPECT_EQ(FailureAt(1), FailureCode::kVerifyAmbiguous) << "a second join would leave a ghost";
  for (size_t i = 2; i < 6; ++i) {
    EXPECT_EQ(world_->ServerAt(i).enrollment, Enrollment::kEnrolled) << i;
  }
  EXPECT_EQ(world_->workers()[1]->joins(), 1);
  EXPECT_EQ(world_->workers()[2]->joins(), 2) << "proven absent: safe to join again";
  EXPECT_EQ(world_->workers()[3]->joins(), 1);
  EXPECT_EQ(world_->workers()[4]->joins(), 3);
}

// It holds up who claims and fails nobody: the server's state goes on after its rollout.
TEST_F(RolloutTest, AHubThatCannotBeReadProvesNothing) {
  Build(2);
  world_->AtJoin(0, [&] {
    sim::Faults faults;
    faults.hub_read_fails = 1;
    world_->SetFaults(faults);
  });
  RolloutInput input;
  input.selection.names = {"web-0"};
  input.max_failures = "100%";
  input.deadline = absl::Hours(1);
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kJoinedUnverified);
  world_->SetFaults({});
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->ServerAt(0).enrollment == Enrollment::kEnrolled; }, absl::Minutes(10)));
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
}

// Remedy walked: E-VERIFY-UNPROVEN
TEST_F(RolloutTest, AListThatIsNotWholeProvesNothing) {
  Build(2);
  world_->AtJoin(0, [&] {
    sim::Faults faults;
    faults.hub_read_empty = 1;
    world_->SetFaults(faults);
  });
  RolloutInput input;
  input.selection.names = {"web-0"};
  input.max_failures = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(FailureAt(0), FailureCode::kVerifyUnproven);
  // The hub is back: a look is enough, no join.
  world_->SetFaults({});
  const auto verified = VerifyAll();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ((*verified)[0].state, ZoneVerification::State::kCompleted);
  EXPECT_EQ((*verified)[0].confirmed, 1);
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
}

TEST_F(RolloutTest, AnEmptyListConfirmsNothingAndDeniesNothing) {
  Build(2);
  const auto rollout = Start();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  sim::Faults faults;
  faults.hub_read_empty = 1;
  world_->SetFaults(faults);
  const auto verified = VerifyAll();
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ((*verified)[0].state, ZoneVerification::State::kPartial);
  EXPECT_EQ((*verified)[0].failure->code, FailureCode::kHubImplausible);
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
  const auto reading = *world_->Read()->zones().FindReading(zone_);
  EXPECT_EQ(reading->instances, 2) << "the last whole reading stays";
}

TEST_F(RolloutTest, CancelAwaitsWhatRuns) {
  Build(8);
  RolloutInput input;
  input.max_concurrency = "2";
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight == 2; },
                               absl::Minutes(5)));
  const auto canceled = Ask<store::Rollout>([&](auto done) {
    operations().rollouts.Call(&RolloutOperations::Cancel, std::move(done), operator_, rollout->id);
  });
  ASSERT_TRUE(canceled.ok());
  EXPECT_EQ(canceled->state, RolloutState::kCanceling);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCanceled);
  const store::TargetCounts counts = world_->Counts(rollout->id);
  EXPECT_GE(counts.succeeded, 2);
  EXPECT_EQ(counts.succeeded + counts.canceled, 8);
}

TEST_F(RolloutTest, RefusesWhatCannotWork) {
  Build(2);
  RolloutInput input;
  input.max_failures = "many";
  EXPECT_FAILS_WITH(Start(input), kRequestInvalid);
  input = {};
  input.max_in_doubt = "101%";
  EXPECT_FAILS_WITH(Start(input), kRequestInvalid);
  input = {};
  input.selection.zone_id = ZoneId("tenant-0/tset");
  EXPECT_FAILS_WITH(Start(input), kZoneUnknown);
  input.selection.zone_id = zone_;
  input.selection.names = {"nobody*"};
  EXPECT_FAILS_WITH(Start(input), kRolloutEmpty);
  ASSERT_TRUE(Start().ok());
  EXPECT_FAILS_WITH(Start(), kRolloutTargetBusy);
}

TEST_F(RolloutTest, AKeyThatDoesNotOpenFailsTheTargetNotTheProgram) {
  Build(2);
  world_->vault().locked = true;
  RolloutInput input;
  input.max_failures = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(FailureAt(0), FailureCode::kKeyUnsealable);
  EXPECT_EQ(world_->workers()[0]->joins(), 0);
  EXPECT_EQ(world_->orchestrator_starts(), 1);
}

TEST_F(RolloutTest, ANewKeyIsUsedFromTheNextAttemptOn) {
  Build(2);
  world_->Plan(0, {JoinCourse::kRateLimited});
  const auto rollout = Start();
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->workers()[0]->joins() == 1; }, absl::Minutes(5)));
  world_->workers()[0]->ExpectSecret("rotated");
  ASSERT_TRUE(Ask<store::Zone>([&](auto done) {
                operations().fleet.Call(&FleetOperations::SetJoiningKey, std::move(done), operator_,
                                        zone_,
                                        JoiningKeyInput{"client", Secret::CopyOf("rotated")});
              }).ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
}

// A hub that lists connected instances only never proves absence: what the service says of itself
// ends the doubt, and nobody waits for it meanwhile.
TEST_F(RolloutTest, AHubThatCannotTellHoldsNobodyUp) {
  Build(12);
  for (int tenant = 0; tenant < 2; ++tenant) world_->hub(tenant).SetConnectedOnly(true);
  for (size_t i = 0; i < 4; ++i) world_->Plan(i, {JoinCourse::kLostOnWayToHub});
  RolloutInput input;
  input.max_concurrency = "2";
  input.max_failures = input.max_in_doubt = "100%";
  const auto rollout = world_->StartJoin(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).succeeded == 8; },
                               absl::Minutes(30)));
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(30)));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCompletedWithFailures);
  EXPECT_EQ(world_->Counts(rollout->id).failed, 4);
  EXPECT_EQ(FailureAt(0), FailureCode::kJoinAnswerLost);
  EXPECT_EQ(world_->workers()[0]->joins(), 1) << "no blind second join (invariant 8)";
  // An operator's next rollout tries them again.
  const auto again = Start();
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(Finishes(again->id, absl::Minutes(30)));
  EXPECT_EQ(world_->Counts(again->id).succeeded, 4);
}

TEST_F(RolloutTest, ACancelEndsThoughADoubtDoesNot) {
  Build(4);
  world_->SetPowerOffAtJoin(true);
  RolloutInput input;
  input.max_concurrency = "2";
  const auto rollout = world_->StartJoin(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_doubt == 2; },
                               absl::Minutes(10)));
  ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                operations().rollouts.Call(&RolloutOperations::Cancel, std::move(done), operator_,
                                           rollout->id);
              }).ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(1)));
  EXPECT_EQ(world_->Counts(rollout->id).canceled, 4);
  // The servers' own doubt stays, holds up no other rollout, and an operator can end it.
  world_->SetPowerOffAtJoin(false);
  const auto next = Start();
  ASSERT_TRUE(next.ok()) << next.status();
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->Counts(next->id).succeeded == 2; }, absl::Minutes(30)));
  for (size_t i = 0; i < 4; ++i) {
    if (world_->ServerAt(i).enrollment != Enrollment::kInDoubt) continue;
    ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                  operations().servers.Call(&ServerOperations::Settle, std::move(done), operator_,
                                            world_->servers()[i], Settlement{false, "new disk"});
                }).ok());
    world_->Reenroll(i);
    world_->Connect(i);
  }
  ASSERT_TRUE(Finishes(next->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(next->id).succeeded, 4);
}

TEST_F(RolloutTest, SettlingNeedsADoubtAndTheHubsProof) {
  Build(2);
  const auto settle = [&](size_t server, bool joined) {
    return Ask<store::Server>([&, joined](auto done) {
      operations().servers.Call(&ServerOperations::Settle, std::move(done), operator_,
                                world_->servers()[server], Settlement{joined, ""});
    });
  };
  EXPECT_FAILS_WITH(settle(0, true), kRequestState);
  world_->SetPowerOffAtJoin(true);
  RolloutInput input;
  input.max_failures = input.max_in_doubt = "100%";
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_doubt == 2; },
                               absl::Minutes(10)));
  const auto joined = settle(0, true);
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(joined->enrollment, Enrollment::kJoinedUnverified) << "a word is a claim (invariant 3)";
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->Counts(rollout->id).failed == 1; }, absl::Minutes(10)));
  EXPECT_EQ(FailureAt(0), FailureCode::kVerifyMissing);
  const Actor foreign{"operator:opr-x", store::TenantWall::Of({TenantId("tenant-0")})};
  EXPECT_FAILS_WITH(Ask<store::Server>([&](auto done) {
                      operations().servers.Call(&ServerOperations::Settle, std::move(done), foreign,
                                                world_->servers()[1], Settlement{});
                    }),
                    kServerUnknown);
}

// A service may be at a join longer than its worker waits for it (invariant 11).
TEST_F(RolloutTest, ASlowServiceIsNotAskedTwice) {
  Build(4);
  for (size_t i = 0; i < 4; ++i) world_->Plan(i, {JoinCourse::kSlow});
  const auto rollout = Start();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 4);
  for (const auto& worker : world_->workers()) EXPECT_EQ(worker->joins(), 1);
}

TEST_F(RolloutTest, WhoIsBusyIsLeftToTheOtherRollout) {
  Build(6, 2);
  const auto first = Start();
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(first->id).succeeded == 4; },
                               absl::Minutes(30)));
  RolloutInput probe;
  probe.kind = store::CommandKind::kProbe;
  const auto second = Start(probe);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(world_->Counts(second->id).total, 4);
  EXPECT_THAT(second->note, testing::HasSubstr("2 servers are left to other rollouts: "));
  EXPECT_THAT(second->note, testing::HasSubstr(first->id.value()));
  EXPECT_EQ(world_->RolloutNow(second->id).note, second->note);
  ASSERT_TRUE(Finishes(second->id, absl::Hours(1)));
}

// Two zones on one hub: the credentials of one neither fail the other nor vouch for it.
TEST_F(RolloutTest, AZoneIsReadWithItsOwnCredentials) {
  Build(2);
  ASSERT_TRUE(world_->ApplySecondZone(0, "test").ok());
  const std::vector<ZoneId> zones = {zone_, ZoneId("tenant-0/test")};
  for (const size_t refused : {0u, 1u}) {
    world_->RefuseVerifier(zones[refused], true);
    const auto verified = Verify(zones);
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_EQ((*verified)[refused].state, ZoneVerification::State::kFailed);
    EXPECT_EQ((*verified)[refused].failure->code, FailureCode::kHubAuth);
    EXPECT_EQ((*verified)[1 - refused].state, ZoneVerification::State::kCompleted);
    world_->RefuseVerifier(zones[refused], false);
  }
}

// The hub's address changes: its servers are judged by what is read there, and what was read at the
// old one says nothing about it.
TEST_F(RolloutTest, AMovedHubIsReadWhereItIs) {
  Build(4);
  world_->Plan(0, {JoinCourse::kKeyRefused});
  RolloutInput input;
  input.max_failures = "100%";
  const auto first = Start(input);
  ASSERT_TRUE(Finishes(first->id, absl::Hours(1)));
  world_->MoveHub(0, "https://moved.example");
  const auto again = Start(input);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(Finishes(again->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(again->id).succeeded, 2)
      << "the one that failed, and the one that only the old hub had proven";
  EXPECT_EQ((*world_->Read()->zones().FindReading(zone_))->hub_url, "https://moved.example");
}

// A hub that wants to be left alone longer than a claim may wait fails nobody who has joined.
TEST_F(RolloutTest, ClaimsOutliveAHubsRetryAfter) {
  Build(2);
  world_->AtJoin(0, [&] { world_->LeaveHubsAlone(absl::Minutes(10)); });
  const auto rollout = Start();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 2);
  // A day is not obeyed, and an operator may ask all the same.
  world_->LeaveHubsAlone(absl::Hours(24));
  const auto verified = VerifyAll();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ((*verified)[0].state, ZoneVerification::State::kCompleted);
}

// The turn that ends a target may be the turn in which a new rollout takes its server.
TEST_F(RolloutTest, ARolloutThatFollowsInTheSameTurnKeepsItsTargets) {
  Build(4);
  RolloutInput input;
  input.max_failures = "100%";
  input.selection.names = {"web-0"};
  for (int round = 0; round < 3; ++round) {
    world_->Plan(0, {JoinCourse::kKeyRefused, JoinCourse::kKeyRefused});
    const auto first = Start(input);
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(first->id).in_flight == 1; },
                                 absl::Minutes(5)));
    // Posted behind the worker's refusal: both wait on the strand when the turn begins.
    std::optional<absl::StatusOr<store::Rollout>> second;
    world_->AfterReport(0, [&] {
      operations().rollouts.Call(
          &RolloutOperations::Create,
          Answer<store::Rollout>([&](absl::StatusOr<store::Rollout> made) { second = made; }),
          operator_, input);
    });
    ASSERT_TRUE(world_->RunUntil([&] { return second.has_value(); }, absl::Hours(1)));
    ASSERT_TRUE(second->ok()) << second->status();
    ASSERT_TRUE(Finishes((*second)->id, absl::Hours(1)));
    EXPECT_EQ(world_->Counts((*second)->id).failed, 1);
    EXPECT_TRUE(IsFinal(world_->RolloutNow(first->id).state));
  }
}

TEST_F(RolloutTest, ProbeSucceedsWithFacts) {
  Build(3);
  RolloutInput input;
  input.kind = store::CommandKind::kProbe;
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 3);
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kNotEnrolled);
  EXPECT_EQ(world_->ServerAt(0).service.presence, store::ServicePresence::kRunning);
}

TEST_F(RolloutTest, AProbeWhoseAnswerIsLostIsDeliveredAgainUnderItsId) {
  Build(1);
  RolloutInput input;
  input.kind = store::CommandKind::kProbe;
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  const auto attempts = [&] {
    return *world_->Read()->attempts().ListOfServer(world_->servers()[0], 0);
  };
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight == 1; },
                               absl::Minutes(1)));
  EXPECT_THAT(attempts(), testing::IsEmpty());  // What only reads comes on record when it ends.
  world_->KillWorker(0);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 1);
  const auto all = attempts();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].state, store::AttemptState::kSettled);
  EXPECT_EQ(all[0].state, store::AttemptState::kSucceeded);
  EXPECT_EQ(all[0].command_id, all[1].command_id);
}

TEST_F(RolloutTest, ARestartSendsAProbeAnewThatIsNotOnRecord) {
  Build(1);
  RolloutInput input;
  input.kind = store::CommandKind::kProbe;
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight == 1; },
                               absl::Minutes(1)));
  world_->KillOrchestrator();
  EXPECT_EQ(world_->Counts(rollout->id).waiting, 1);
  const std::vector<store::AuditEvent> events = world_->AuditOf(world_->servers()[0].value(), 1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].action, "target.waiting");
  EXPECT_THAT(events[0].detail, testing::HasSubstr("waiting → in_flight → waiting"));
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 1);
  const std::vector<store::Attempt> all =
      *world_->Read()->attempts().ListOfServer(world_->servers()[0], 0);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, store::AttemptState::kSucceeded);
  EXPECT_THAT(world_->AuditOf(world_->servers()[0].value(), 1)[0].detail,
              testing::AllOf(testing::HasSubstr("new → sent → succeeded"),
                             testing::HasSubstr("waiting → in_flight → succeeded")));
}

TEST_F(RolloutTest, AnAnsweredProbeThatNeverArrivedDoesNotHoldUpAJoin) {
  Build(1);
  RolloutInput input;
  input.kind = store::CommandKind::kProbe;
  input.deadline = absl::Seconds(30);
  const auto probe = Start(input);
  ASSERT_TRUE(probe.ok()) << probe.status();
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->Counts(probe->id).in_flight == 1; }, absl::Minutes(1)));
  world_->KillWorker(0);
  ASSERT_TRUE(Finishes(probe->id, absl::Hours(1)));
  const absl::Time start = world_->clock().Now();
  const auto join = Start();
  ASSERT_TRUE(join.ok()) << join.status();
  ASSERT_TRUE(Finishes(join->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(join->id).succeeded, 1);
  EXPECT_LT(world_->clock().Now() - start, absl::Minutes(10));  // Not until the probe expires.
}

}  // namespace
}  // namespace muster::core
