// A row that is not as it should be costs the server that it is about, not the service. What made it
// so is of no matter here: hands from outside change rows behind the core's back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/status_macros.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using store::AttemptState;
using store::Enrollment;
using store::TargetState;

class IsolationTest : public CoreBench {
 protected:
  // Outside of all turns.
  void Tamper(const std::function<absl::Status(store::Transaction&)>& change) {
    auto transaction = world_->faulty_store().Begin();
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    const absl::Status status = change(**transaction);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE((*transaction)->Commit().ok());
  }
  store::Target TargetOf(const RolloutId& rollout, size_t server) {
    return **world_->Read()->rollouts().FindTarget(rollout, world_->servers()[server]);
  }
  bool IsInFlight(const RolloutId& rollout, size_t server) {
    return TargetOf(rollout, server).state == TargetState::kInFlight;
  }
  int CountEvents(const char* action) {
    const auto events = *world_->Read()->audit().List(store::TenantWall::Everything(), "", 0, 0);
    return static_cast<int>(
        std::count_if(events.begin(), events.end(),
                      [&](const store::AuditEvent& event) { return event.action == action; }));
  }
  int Enrolled() {
    int enrolled = 0;
    for (size_t i = 0; i < world_->servers().size(); ++i) {
      enrolled += world_->ServerAt(i).enrollment == Enrollment::kEnrolled;
    }
    return enrolled;
  }
};

// The worker's result meets a target that is not where memory has it.
// Remedy walked: E-SESSION-RECORD
TEST_F(IsolationTest, AResultThatCannotBeBookedCostsOneServer) {
  Build(8);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(world_->RunUntil([&] { return IsInFlight(rollout->id, 2); }, absl::Minutes(5)));
  Tamper([&](store::Transaction& t) {
    store::Target target = TargetOf(rollout->id, 2);
    target.state = TargetState::kFailed;
    target.failure = Failure{FailureCode::kJoinUnknownAnswer, "by another hand"};
    target.finish_time = world_->clock().Now();
    return t.rollouts().UpdateTarget(target, TargetState::kInFlight);
  });
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(world_->orchestrator_starts(), 1);
  EXPECT_GE(CountEvents("server.inconsistent"), 1);
  EXPECT_GE(Enrolled(), 7);
  EXPECT_TRUE(IsFinal(world_->RolloutNow(rollout->id).state));
  // What memory holds is what the store holds: a rollout over all of them works.
  const auto next = Start();
  if (next.ok()) {
    EXPECT_TRUE(Finishes(next->id, absl::Hours(2)));
  }
  EXPECT_EQ(Enrolled(), 8);
  EXPECT_EQ(world_->orchestrator_starts(), 1);
}

// The pump meets a target that is not where memory has it: nobody else waits for it.
TEST_F(IsolationTest, ATargetThatCannotBeSentCostsOneServer) {
  Build(8, /*offline=*/1);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok());
  world_->RunFor(absl::Seconds(1));
  ASSERT_EQ(TargetOf(rollout->id, 7).state, TargetState::kWaiting);
  Tamper([&](store::Transaction& t) {
    store::Target target = TargetOf(rollout->id, 7);
    target.state = TargetState::kCanceled;
    target.finish_time = world_->clock().Now();
    return t.rollouts().UpdateTarget(target, TargetState::kWaiting);
  });
  world_->Connect(7);
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(world_->orchestrator_starts(), 1);
  EXPECT_GE(Enrolled(), 7);
  EXPECT_TRUE(IsFinal(world_->RolloutNow(rollout->id).state));
}

// An enrollment that was moved by another hand while the join was under way.
TEST_F(IsolationTest, AnEnrollmentElsewhereCostsOneServer) {
  Build(6);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(world_->RunUntil([&] { return IsInFlight(rollout->id, 3); }, absl::Minutes(5)));
  Tamper([&](store::Transaction& t) {
    return t.servers().MoveEnrollment(world_->servers()[3], Enrollment::kJoining,
                                      Enrollment::kFailed,
                                      Failure{FailureCode::kJoinUnknownAnswer, "another hand"});
  });
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(world_->orchestrator_starts(), 1);
  EXPECT_GE(Enrolled(), 5);
}

// Also at the start, which would come to nothing for all otherwise.
TEST_F(IsolationTest, ABadRowDoesNotKeepTheOrchestratorFromStarting) {
  Build(6);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(world_->RunUntil([&] { return IsInFlight(rollout->id, 3); }, absl::Minutes(5)));
  Tamper([&](store::Transaction& t) {
    store::Target target = TargetOf(rollout->id, 3);
    target.state = TargetState::kSucceeded;
    target.finish_time = world_->clock().Now();
    RETURN_IF_ERROR(t.rollouts().UpdateTarget(target, TargetState::kInFlight));
    return t.servers().MoveEnrollment(world_->servers()[3], Enrollment::kJoining,
                                      Enrollment::kFailed,
                                      Failure{FailureCode::kJoinUnknownAnswer, "another hand"});
  });
  world_->KillOrchestrator();
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(world_->orchestrator_starts(), 2);
  EXPECT_THAT(world_->violations(), testing::IsEmpty());
  EXPECT_GE(Enrolled(), 5);
}

}  // namespace
}  // namespace muster::core
