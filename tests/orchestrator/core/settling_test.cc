// How doubts and claims end for whoever waits for their server: nobody joins beside a record that
// the hub may have already (invariants 8, 9 and 11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"
#include "tests/orchestrator/core/core_bench.h"
#include "tests/sim/invariants.h"

namespace muster::core {
namespace {

using sim::JoinCourse;
using store::Enrollment;
using store::RolloutState;
using store::TargetState;

class SettlingTest : public CoreBench {
 protected:
  void TearDown() override { EXPECT_THAT(sim::FindBreaches(*world_, false), testing::IsEmpty()); }

  absl::StatusOr<store::Rollout> Cancel(const RolloutId& id) {
    return Ask<store::Rollout>([&](auto done) {
      operations().rollouts.Call(&RolloutOperations::Cancel, std::move(done), operator_, id);
    });
  }
  absl::StatusOr<store::Server> Change(size_t server, ServerAction::Kind kind) {
    return Ask<store::Server>([&, kind](auto done) {
      operations().servers.Call(&ServerOperations::Change, std::move(done), operator_,
                                world_->servers()[server], ServerAction{kind, "", ""});
    });
  }
  RolloutInput Over(const std::string& name) {
    RolloutInput input;
    input.max_concurrency = input.max_failures = input.max_in_doubt = "100%";
    input.selection.names = {name};
    return input;
  }
  bool ReachesDoubt(size_t server) {
    return world_->RunUntil(
        [&] { return world_->ServerAt(server).enrollment == Enrollment::kInDoubt; },
        absl::Minutes(30));
  }
  // A doubt about a ghost, whose rollout is over.
  void LeaveADoubtBehind() {
    world_->Plan(0, {JoinCourse::kLostOnWayBack});
    const auto first = Start(Over("web-0"));
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_TRUE(ReachesDoubt(0));
    ASSERT_TRUE(Cancel(first->id).ok());
    ASSERT_TRUE(Finishes(first->id, absl::Minutes(1)));
  }
  store::Target TargetOf(const RolloutId& rollout, size_t server) {
    return **world_->Read()->rollouts().FindTarget(rollout, world_->servers()[server]);
  }
};

TEST_F(SettlingTest, WhoWaitsForAnOlderDoubtEndsWithItsVerdict) {
  Build(2);
  LeaveADoubtBehind();
  const auto next = Start(Over("web-0"));
  ASSERT_TRUE(next.ok()) << next.status();
  ASSERT_TRUE(Finishes(next->id, absl::Hours(1)));
  EXPECT_EQ(world_->RolloutNow(next->id).state, RolloutState::kCompletedWithFailures);
  EXPECT_EQ(TargetOf(next->id, 0).failure->code, FailureCode::kVerifyAmbiguous);
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
  // An operator who has seen that may have it joined all the same.
  RolloutInput insists = Over("web-0");
  EXPECT_FAILS_WITH(Start(insists), kRolloutEmpty);  // Not without a word.
  insists.force = true;
  const auto wanted = Start(insists);
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  ASSERT_TRUE(Finishes(wanted->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(wanted->id).succeeded, 1);
  EXPECT_EQ(world_->workers()[0]->joins(), 2);
}

TEST_F(SettlingTest, SoDoesATargetOfAPausedRolloutAcrossARestart) {
  Build(2);
  LeaveADoubtBehind();
  RolloutInput input = Over("web-0");
  const auto next = Start(input);
  ASSERT_TRUE(next.ok()) << next.status();
  ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                operations().rollouts.Call(&RolloutOperations::Pause, std::move(done), operator_,
                                           next->id);
              }).ok());
  world_->KillOrchestrator();
  ASSERT_TRUE(Finishes(next->id, absl::Hours(1)));
  EXPECT_EQ(TargetOf(next->id, 0).failure->code, FailureCode::kVerifyAmbiguous);
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
}

// The verdict comes in the turn that makes the plan: no page of it was taken up.
TEST_F(SettlingTest, AVerdictBeforeThePageOfTheTargetIsNotMissed) {
  CoreOptions options;
  options.targets_per_page = 1;
  Build(8, 0, options);
  LeaveADoubtBehind();
  std::optional<absl::StatusOr<store::Rollout>> next;
  const RolloutInput input = Over("web-*");
  bool asked = false;
  // The reading that brings the verdict is the first one after the deadline.
  const absl::Time deadline = world_->ServerAt(0).claim->verify_deadline;
  while (!asked) {
    bool read = false;
    world_->BeforeReading([&] {
      read = true;
      if (world_->Now() < deadline) return;
      asked = true;
      operations().rollouts.Call(
          &RolloutOperations::Create,
          Answer<store::Rollout>([&](absl::StatusOr<store::Rollout> made) { next = made; }),
          operator_, input);
    });
    ASSERT_TRUE(world_->RunUntil([&] { return read; }, absl::Hours(1)));
  }
  ASSERT_TRUE(world_->RunUntil([&] { return next.has_value(); }, absl::Minutes(1)));
  ASSERT_TRUE(next->ok()) << next->status();
  ASSERT_TRUE(Finishes((*next)->id, absl::Hours(2)));
  EXPECT_EQ(TargetOf((*next)->id, 0).state, TargetState::kFailed);
  EXPECT_EQ(world_->Counts((*next)->id).succeeded, 7);
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
}

// Its data directory is new, and with it the journal: that the command is not in it says nothing.
TEST_F(SettlingTest, AJournalThatBeganLaterDoesNotTellThatACommandNeverArrived) {
  Build(2);
  world_->Plan(0, {JoinCourse::kLostOnWayBack});
  world_->AtJoin(0, [&] { world_->BreakSession(0); });  // Before its words left the machine.
  const auto rollout = Start(Over("web-0"));
  ASSERT_TRUE(
      world_->RunUntil([&] { return world_->workers()[0]->joins() == 1; }, absl::Minutes(5)));
  world_->Evict(0);
  world_->Reenroll(0);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  EXPECT_EQ(world_->workers()[0]->joins(), 1);
  EXPECT_EQ(TargetOf(rollout->id, 0).state, TargetState::kFailed);
  EXPECT_EQ(world_->ServerAt(0).failure->code, FailureCode::kVerifyAmbiguous);
}

// A command that never arrived may still come out of a buffer: a restart does not forget that.
TEST_F(SettlingTest, ARestartWaitsForLateCopies) {
  Build(2);
  const auto first = Start(Over("web-0"));
  ASSERT_TRUE(first.ok()) << first.status();
  const auto attempts = [&] {
    return *world_->Read()->attempts().ListOfServer(world_->servers()[0], 0);
  };
  ASSERT_TRUE(world_->RunUntil([&] { return attempts().size() == 1; }, absl::Minutes(1)));
  world_->BreakSession(0);  // The command is on its way.
  ASSERT_TRUE(Cancel(first->id).ok());
  ASSERT_TRUE(world_->RunUntil([&] { return attempts()[0].state == store::AttemptState::kSettled; },
                               absl::Minutes(5)));
  const absl::Time expires =
      (*world_->Read()->attempts().FindCommand(attempts()[0].command_id))->expire_time;
  world_->KillOrchestrator();
  const auto second = Start(Over("web-0"));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(world_->RunUntil([&] { return attempts().size() == 2; }, absl::Hours(1)));
  EXPECT_GE(world_->Now(), expires);
  ASSERT_TRUE(Finishes(second->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(second->id).succeeded, 1);
}

// A copy on its way is not forgotten by a delivery that comes to nothing: there is another key now.
TEST_F(SettlingTest, ADeliveryThatIsHeldBackForgetsNoLateCopy) {
  Build(2);
  world_->RunFor(absl::Minutes(20));  // Nothing that an earlier process knew is looked up any more.
  const auto first = Start(Over("web-0"));
  ASSERT_TRUE(first.ok()) << first.status();
  const auto attempts = [&] {
    return *world_->Read()->attempts().ListOfServer(world_->servers()[0], 0);
  };
  ASSERT_TRUE(world_->RunUntil([&] { return attempts().size() == 1; }, absl::Minutes(1)));
  world_->BreakSession(0);  // The command is on its way.
  ASSERT_TRUE(Ask<store::Zone>([&](auto done) {
                operations().fleet.Call(
                    &FleetOperations::SetJoiningKey, std::move(done), operator_,
                    ZoneId("tenant-0/prod"),
                    JoiningKeyInput{"client", Secret::CopyOf(absl::string_view("secret-0"))});
              }).ok());
  ASSERT_TRUE(world_->RunUntil([&] { return attempts()[0].state == store::AttemptState::kSettled; },
                               absl::Minutes(5)));
  const absl::Time expires =
      (*world_->Read()->attempts().FindCommand(attempts()[0].command_id))->expire_time;
  world_->RunFor(absl::Seconds(30));  // It is tried again, and held back.
  ASSERT_LT(world_->Now(), expires);
  ASSERT_EQ(attempts().size(), 1U);
  ASSERT_TRUE(Cancel(first->id).ok());
  const auto second = Start(Over("web-0"));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(world_->RunUntil([&] { return attempts().size() == 2; }, absl::Hours(1)));
  EXPECT_GE(world_->Now(), expires);
  ASSERT_TRUE(Finishes(second->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(second->id).succeeded, 1);
}

TEST_F(SettlingTest, ARetiredServerLeavesNoDoubtThatNobodyEnds) {
  Build(4);
  LeaveADoubtBehind();
  // One whose claim waits.
  for (int tenant = 0; tenant < 2; ++tenant) {
    world_->hub(tenant).SetDownUntil(absl::InfinitePast());
  }
  const auto retired = Change(0, ServerAction::Kind::kRetire);
  ASSERT_TRUE(retired.ok()) << retired.status();
  EXPECT_EQ(retired->admission, store::Admission::kRetired);
  EXPECT_EQ(retired->enrollment, Enrollment::kFailed);
  EXPECT_EQ(retired->failure->code, FailureCode::kInventoryRetired);
  EXPECT_FALSE(retired->claim.has_value());
  EXPECT_TRUE(world_->Read()->attempts().ListOpen()->empty());
  world_->KillOrchestrator();
  ASSERT_TRUE(Change(0, ServerAction::Kind::kRestore).ok());
  world_->Reenroll(0);
  const auto again = Start(Over("web-0"));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(Finishes(again->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(again->id).succeeded, 1);
}

// A machine whose clock is set back while it is down: what began lies in its future.
TEST_F(SettlingTest, ARestartWithAClockSetBackStillProves) {
  Build(2);
  world_->AtJoin(0, [&] { world_->LeaveHubsAlone(absl::Minutes(5)); });
  const auto rollout = Start(Over("web-0"));
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->ServerAt(0).enrollment == Enrollment::kJoinedUnverified; },
      absl::Minutes(10)));
  world_->StepClock(-absl::Minutes(50));
  world_->KillOrchestrator();
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(15)));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
}

// The worker's answer reaches another process than the one that sent the join, and its clock says
// that the ghost is older than the join.
TEST_F(SettlingTest, AGhostOfAnEarlierProcessIsSeenWhateverTheClockSays) {
  Build(2);
  world_->Plan(0, {JoinCourse::kLostOnWayBack});
  const auto rollout = Start(Over("web-0"));
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  const size_t before = world_->hub(0).records().size();  // The hub's own.
  ASSERT_TRUE(world_->RunUntil([&] { return world_->hub(0).records().size() > before; },
                               absl::Minutes(10)));
  ASSERT_EQ(world_->ServerAt(0).enrollment, Enrollment::kJoining);
  world_->PowerOff(0);  // The answer comes late.
  world_->RunFor(absl::Minutes(20));
  world_->StepClock(-absl::Minutes(40));
  world_->KillOrchestrator();
  world_->Connect(0);
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(3)));
  EXPECT_EQ(TargetOf(rollout->id, 0).state, TargetState::kFailed);
  EXPECT_EQ(world_->ServerAt(0).failure->code, FailureCode::kVerifyAmbiguous);
  EXPECT_EQ(world_->hub(0).records().size(), before + 1) << "joined beside a ghost";
}

// The orchestrator's clock was set back and follows slowly: its minutes are shorter than the hub's.
// By its dates a record that the hub made just after the join began is older than the join.
TEST_F(SettlingTest, AGhostIsSeenWhileTheClockIsSlewed) {
  Build(12);
  for (size_t i = 0; i < 12; ++i) world_->Plan(i, {JoinCourse::kLostOnWayBack});
  world_->StepClock(-absl::Minutes(50));
  RolloutInput input = Over("web-*");
  input.deadline = absl::Hours(6);
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(8)));
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(world_->ServerAt(i).failure->code, FailureCode::kVerifyAmbiguous) << i;
    EXPECT_EQ(world_->workers()[i]->joins(), 1) << i << " joined beside a ghost";
  }
}

// A deadline that passed while a restart went on is counted from its own time.
TEST_F(SettlingTest, RestartsDoNotProlongTheEnd) {
  Build(2);
  RolloutInput input = Over("web-0");
  input.deadline = absl::Minutes(5);
  world_->AtJoin(0, [&] { world_->LeaveHubsAlone(absl::Hours(3)); });
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil(
      [&] { return world_->ServerAt(0).enrollment == Enrollment::kJoinedUnverified; },
      absl::Minutes(10)));
  for (int i = 0; i < 4; ++i) {
    world_->RunFor(absl::Minutes(5));
    world_->KillOrchestrator();
  }
  ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(2)));
}

}  // namespace
}  // namespace muster::core
