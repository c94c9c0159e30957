// When sweeps come, what is on record of them, and who is joined again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orchestrator/core/sweep_fixture.h"

namespace muster::core {
namespace {

using store::Enrollment;
using store::SweepState;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SweepRunsTest : public SweepFixture {};

TEST_F(SweepRunsTest, SweepsComeByThePlan) {
  CoreOptions options;
  options.sweep.every = absl::Hours(1);
  Build(2, 0, options);
  world_->RunFor(absl::Hours(10));
  store::SweepQuery query;
  query.wall = store::TenantWall::Everything();
  query.selection.zone_id = zone_;
  query.limit = 0;
  const std::vector<store::Sweep> sweeps = *world_->Read()->sweeps().List(query);
  EXPECT_THAT(sweeps, SizeIs(testing::AllOf(testing::Ge(10), testing::Le(11))));
  for (const store::Sweep& sweep : sweeps) EXPECT_EQ(sweep.state, SweepState::kCompleted);
  world_->KillOrchestrator();
  world_->RunFor(absl::Hours(5));
  EXPECT_THAT(*world_->Read()->sweeps().List(query), SizeIs(testing::Ge(sweeps.size() + 5)))
      << "none is lost by a restart";
}

TEST_F(SweepRunsTest, OfTwoAtOnceOneIsSkippedAndSaysSo) {
  Enroll();
  std::vector<store::Sweep> both;
  for (int i = 0; i < 2; ++i) {
    operations().sweeps.Call(
        &SweepOperations::Run,
        [&](absl::StatusOr<std::vector<store::Sweep>> done) { both.push_back(done->front()); },
        operator_, std::vector<ZoneId>{zone_}, std::nullopt);
  }
  world_->RunFor(absl::Minutes(1));
  ASSERT_THAT(both, SizeIs(2));
  EXPECT_EQ(both[0].state, SweepState::kSkipped);
  EXPECT_THAT(both[0].reason, HasSubstr("still running"));
  EXPECT_EQ(both[1].state, SweepState::kCompleted);
  EXPECT_EQ(Sweep().state, SweepState::kCompleted);
}

TEST_F(SweepRunsTest, PlannedSweepsLeaveAHubAloneThatWantsIt) {
  CoreOptions options;
  options.sweep.every = absl::Minutes(5);
  Build(2, 0, options);
  world_->RunFor(absl::Hours(1));
  world_->LeaveHubsAlone(absl::Minutes(14));
  world_->RunFor(absl::Hours(1));
  store::SweepQuery query;
  query.wall = store::TenantWall::Everything();
  query.selection.zone_id = zone_;
  query.limit = 0;
  int failed = 0;
  const std::vector<store::Sweep> sweeps = *world_->Read()->sweeps().List(query);
  for (const store::Sweep& sweep : sweeps) failed += sweep.state == SweepState::kFailed;
  EXPECT_EQ(failed, 1) << "only the first, by which it is known";
}

TEST_F(SweepRunsTest, ASweepThatTheEndInterruptsHasFailed) {
  Enroll();
  operations().sweeps.Call(
      &SweepOperations::Run, [](absl::StatusOr<std::vector<store::Sweep>>) {}, operator_,
      std::vector<ZoneId>{zone_}, std::nullopt);
  world_->RunFor(absl::Milliseconds(10));
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(1));
  const auto last = *world_->Read()->sweeps().FindLast(zone_);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->state, SweepState::kFailed);
  EXPECT_EQ(Sweep().state, SweepState::kCompleted);
}

TEST_F(SweepRunsTest, ASweepSaysWhatIsOtherwiseSinceTheLast) {
  Enroll();
  Sweep();
  hub().Remove(RecordId());
  world_->RunFor(absl::Minutes(10));
  Sweep();
  world_->RunFor(absl::Minutes(2));
  const store::Sweep sweep = Sweep();
  ASSERT_THAT(sweep.differences, SizeIs(1));
  EXPECT_THAT(sweep.differences[0], HasSubstr("open missing"));
  EXPECT_EQ(sweep.counts.findings, 1);
  world_->RunFor(absl::Minutes(10));
  EXPECT_THAT(Sweep().differences, IsEmpty());
}

TEST_F(SweepRunsTest, WhoIsEnrolledIsJoinedAgainByForceAlone) {
  Enroll();
  RolloutInput input;
  input.selection.zone_id = zone_;
  EXPECT_FAILS_WITH(Start(input), kRolloutEmpty);
  input.force = true;
  const auto forced = Start(input);
  ASSERT_TRUE(forced.ok()) << forced.status();
  EXPECT_EQ(world_->Counts(forced->id).total, 2);
  ASSERT_TRUE(Finishes(forced->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(forced->id).succeeded, 2);
  input.force = false;
  input.rejoin = true;
  const auto rejoined = Start(input);
  ASSERT_TRUE(rejoined.ok()) << rejoined.status();
  ASSERT_TRUE(Finishes(rejoined->id, absl::Hours(1)));
  EXPECT_EQ(world_->Counts(rejoined->id).succeeded, 2);
  ExpectCured();
}

TEST_F(SweepRunsTest, WhoCannotBeReachedForARejoinStaysEnrolled) {
  Enroll();
  TurnOff(0);
  RolloutInput input;
  input.selection.names = {world_->ServerAt(0).name};
  input.force = true;
  input.deadline = absl::Hours(1);
  const auto forced = Start(input);
  ASSERT_TRUE(forced.ok()) << forced.status();
  ASSERT_TRUE(Finishes(forced->id, absl::Hours(3)));
  EXPECT_EQ(world_->ServerAt(0).enrollment, Enrollment::kEnrolled);
}

}  // namespace
}  // namespace muster::core
