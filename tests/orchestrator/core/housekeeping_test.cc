// What is over is forgotten in time, in small steps, and nothing else is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

class HousekeepingTest : public CoreBench {
 protected:
  static CoreOptions Short() {
    CoreOptions options;
    options.retention.audit = absl::Hours(24 * 30);
    options.retention.rollouts = absl::Hours(24 * 40);
    options.retention.refusals = absl::Hours(24 * 20);
    options.retention.tokens = absl::Hours(24 * 20);
    options.retention.certificates = absl::Hours(24 * 20);
    options.retention.rows_per_step = 5;
    return options;
  }
  size_t Rollouts() {
    return world_->Read()->rollouts().List({.wall = store::TenantWall::Everything()})->size();
  }
  size_t Attempts() {
    size_t attempts = 0;
    for (const ServerId& server : world_->servers()) {
      attempts += world_->Read()->attempts().ListOfServer(server, 0)->size();
    }
    return attempts;
  }
  AuditVerdict Verdict() {
    return *JudgeAudit(*world_->Read(), world_->audit_key(), world_->head_book().lines, {});
  }
};

TEST_F(HousekeepingTest, EachKindGoesInItsTime) {
  Build(6, 0, Short());
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(1)));
  TokenInput token;
  token.max_uses = 1;
  token.ttl = absl::Hours(1);
  token.secret_hash = std::string(64, 'a');
  ASSERT_TRUE(MakeToken(token).ok());
  EXPECT_FALSE(Bootstrap("no such hash", "nobody", "key").ok());
  const int64_t events = Verdict().events;
  // Those that the fleet was set up with are named by its certificates.
  const size_t tokens =
      world_->Read()->tokens().List(store::TenantWall::Everything(), ZoneId())->size();
  EXPECT_GT(events, 6);

  world_->RunFor(absl::Hours(24 * 6));
  EXPECT_EQ(Attempts(), 6u);  // Invariant 2: expiry + 7 days.
  world_->RunFor(absl::Hours(24 * 2));
  EXPECT_EQ(Attempts(), 0u);
  EXPECT_EQ(Rollouts(), 1u);
  EXPECT_EQ(world_->Read()->tokens().List(store::TenantWall::Everything(), ZoneId())->size(),
            tokens);
  EXPECT_EQ(world_->Read()->tokens().ListRefusals(TokenId(), 10)->size(), 1u);

  world_->RunFor(absl::Hours(24 * 14));
  EXPECT_EQ(world_->Read()->tokens().List(store::TenantWall::Everything(), ZoneId())->size(),
            tokens - 1);
  EXPECT_EQ(world_->Read()->tokens().ListRefusals(TokenId(), 10)->size(), 0u);
  EXPECT_GE(Verdict().events, events);

  world_->RunFor(absl::Hours(24 * 10));
  EXPECT_LT(Verdict().events, events);
  EXPECT_GT(Verdict().checkpoint, 0);
  EXPECT_EQ(Rollouts(), 1u);

  world_->RunFor(absl::Hours(24 * 10));
  EXPECT_EQ(Rollouts(), 0u);
  store::TargetQuery query;
  query.rollout_id = rollout->id;
  EXPECT_TRUE(world_->Read()->rollouts().ListTargets(query)->empty());
  const AuditVerdict verdict = Verdict();
  EXPECT_EQ(verdict.state, AuditVerdict::State::kIntact) << absl::StrJoin(verdict.remarks, " ");
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(world_->ServerAt(i).enrollment, store::Enrollment::kEnrolled);
  }
}

TEST_F(HousekeepingTest, AnUnfinishedRolloutAndItsCommandsStay) {
  Build(4, 2, Short());  // Two never connect.
  RolloutInput input;
  input.deadline = absl::Hours(24 * 29);
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok());
  world_->RunFor(absl::Hours(24 * 28));
  EXPECT_EQ(Rollouts(), 1u);
  EXPECT_EQ(world_->Counts(rollout->id).waiting, 2);
}

TEST_F(HousekeepingTest, TheAuditLogIsBoundedBySizeToo) {
  CoreOptions options = Short();
  options.retention.audit = absl::ZeroDuration();
  options.retention.audit_events = 40;
  Build(20, 0, options);
  ASSERT_TRUE(Start().ok());
  world_->RunFor(absl::Hours(24));
  const AuditVerdict verdict = Verdict();
  EXPECT_EQ(verdict.state, AuditVerdict::State::kIntact) << absl::StrJoin(verdict.remarks, " ");
  EXPECT_GE(verdict.events, 40);
  EXPECT_LE(verdict.events, 40 + 2 * options.retention.rows_per_step);
}

TEST_F(HousekeepingTest, ZeroKeepsForEver) {
  CoreOptions options = Short();
  options.retention.audit = options.retention.rollouts = options.retention.tokens =
      absl::ZeroDuration();
  options.retention.audit_events = 0;
  Build(2, 0, options);
  ASSERT_TRUE(Start().ok());
  world_->RunFor(absl::Hours(24 * 100));
  EXPECT_EQ(Rollouts(), 1u);
  EXPECT_EQ(Verdict().checkpoint, 0);
}

}  // namespace
}  // namespace muster::core
