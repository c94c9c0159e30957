// Rollouts under what once kept them from ending, or ended them wrongly: lost answers in numbers,
// clocks that are set, hubs that hold nothing, words that say something else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/orchestrator/core/core_bench.h"
#include "tests/sim/invariants.h"

namespace muster::core {
namespace {

using sim::JoinCourse;
using store::RolloutState;

class RolloutFaultsTest : public CoreBench {};

// The first join on a hub that lists nothing but itself: the proof of its absence is that list.
TEST_F(RolloutFaultsTest, TheFirstJoinOnAnEmptyHubMayLoseItsAnswer) {
  for (const bool joined : {false, true}) {
    Build(1);
    world_->Plan(0, {joined ? JoinCourse::kAnswerLost : JoinCourse::kLostOnWayToHub});
    const auto rollout = Start();
    ASSERT_TRUE(rollout.ok()) << rollout.status();
    ASSERT_TRUE(Finishes(rollout->id, absl::Minutes(25)));  // The join may run for 15.
    EXPECT_EQ(world_->Counts(rollout->id).succeeded, 1);
    EXPECT_EQ(world_->workers()[0]->joins(), joined ? 1 : 2);
    EXPECT_THAT(sim::FindBreaches(*world_, false), testing::IsEmpty());
  }
}

// Services that were killed in mid-join, in numbers: those who hold all slots give them back, and the
// others begin.
TEST_F(RolloutFaultsTest, DoubtsInNumbersKeepNobodyFromBeginning) {
  CoreOptions options;
  options.pacing.initial_joins_per_minute = 6000;
  Build(50, 0, options);
  for (size_t i = 0; i < 30; ++i) world_->Plan(i, {JoinCourse::kLostOnWayToHub});
  RolloutInput input;
  input.max_concurrency = "30";
  input.max_failures = input.max_in_doubt = "100%";
  const auto rollout = world_->StartJoin(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  const auto begun = [&] {
    return std::count_if(world_->workers().begin(), world_->workers().end(),
                         [](const auto& worker) { return worker->joins() > 0; });
  };
  EXPECT_TRUE(world_->RunUntil([&] { return begun() == 50; }, absl::Minutes(10)));
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rollout->id).succeeded, 50);
  EXPECT_THAT(sim::FindBreaches(*world_, false), testing::IsEmpty());
}

// The orchestrator's machine is set by an hour while joins and probes run, and put right again.
TEST_F(RolloutFaultsTest, AClockThatIsSetFailsNothing) {
  for (const absl::Duration step : {-absl::Hours(1), absl::Hours(1), -absl::Hours(20)}) {
    for (const auto kind : {store::CommandKind::kJoin, store::CommandKind::kProbe}) {
      Build(12);
      RolloutInput input;
      input.kind = kind;
      input.max_concurrency = "3";
      input.max_failures = "0";
      const auto rollout = world_->StartJoin(input);
      ASSERT_TRUE(rollout.ok()) << rollout.status();
      ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight > 0; },
                                   absl::Minutes(5)));
      world_->StepClock(step);
      world_->RunFor(absl::Seconds(20));
      world_->StepClock(absl::ZeroDuration());
      ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2))) << step;
      EXPECT_EQ(world_->Counts(rollout->id).succeeded, 12) << step;
      EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCompleted) << step;
    }
  }
}

// What is said of a rollout is what it is: one that is canceled while it is paused is canceling, and one
// whose only target failed has not completed well.
TEST_F(RolloutFaultsTest, StatesSayWhatBecameOfIt) {
  Build(3);
  RolloutInput input;
  input.max_concurrency = "1";
  const auto rollout = Start(input);
  ASSERT_TRUE(world_->RunUntil([&] { return world_->Counts(rollout->id).in_flight == 1; },
                               absl::Minutes(5)));
  for (const auto operation : {&RolloutOperations::Pause, &RolloutOperations::Cancel}) {
    ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                  operations().rollouts.Call(operation, std::move(done), operator_, rollout->id);
                }).ok());
  }
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCanceling);
  EXPECT_THAT(world_->RolloutNow(rollout->id).reason, testing::Not(testing::HasSubstr("pause")));
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  EXPECT_EQ(world_->RolloutNow(rollout->id).state, RolloutState::kCanceled);

  Build(1);
  world_->Plan(0, {JoinCourse::kKeyRefused});
  input.max_failures = "100%";
  const auto failed = Start(input);
  ASSERT_TRUE(Finishes(failed->id, absl::Hours(1)));
  EXPECT_EQ(world_->RolloutNow(failed->id).state, RolloutState::kCompletedWithFailures);

  // A server that was reached is no straggler, whatever kept it from its turn.
  Build(2);
  input.deadline = absl::Seconds(1);
  world_->LeaveHubsAlone(absl::Hours(1));
  const auto late = Start(input);
  world_->BreakSession(0);
  world_->BreakSession(1);
  ASSERT_TRUE(Finishes(late->id, absl::Hours(2)));
  EXPECT_EQ(world_->Counts(late->id).stragglers, 0);
}

}  // namespace
}  // namespace muster::core
