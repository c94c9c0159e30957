// One transaction a turn: what is undone alone, what ends the control, what comes after the commit.
#include "orchestrator/core/control/turn_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure.h"
#include "base/failure_code.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fault_injecting_store.h"
#include "tests/fakes/manual_strand.h"

namespace muster::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TurnControlTest : public testing::Test {
 protected:
  TurnControlTest()
      : sqlite_(*store::SqliteStore::Open(
            {.path = dir_ / "test.db", .now = clock_.Now(), .durable = false})),
        store_(*sqlite_),
        control_(store_, strand_, nullptr, clock_, /*max_operations=*/4,
                 [this](const absl::Status& why) { lost_ = why; }) {}

  static absl::Status PutTenant(Turn& turn, const std::string& id) {
    return turn.store().tenants().Put({TenantId(id), id, absl::UnixEpoch()});
  }
  std::vector<std::string> Tenants() {
    std::vector<std::string> ids;
    const auto snapshot = *store_.Read();
    const std::vector<store::Tenant> tenants = *snapshot->tenants().List();
    for (const store::Tenant& tenant : tenants) ids.push_back(tenant.id.value());
    return ids;
  }

  sql::TempDir dir_;
  FakeClock clock_;
  ManualStrand strand_;
  std::unique_ptr<store::Store> sqlite_;
  FaultInjectingStore store_;
  absl::Status lost_;
  TurnControl control_;
};

TEST_F(TurnControlTest, WhatWaitsSharesOneCommitAndAnswersComeBehindIt) {
  std::vector<std::string> order;
  for (const char* id : {"a", "b"}) {
    control_.Post(
        [&, id](Turn& turn) {
          turn.AfterCommit([&, id] { order.push_back(std::string("effect ") + id); });
          return PutTenant(turn, id);
        },
        [&, id](const absl::Status& status) {
          EXPECT_TRUE(status.ok());
          order.push_back(std::string("done ") + id);
        });
  }
  control_.PostFirm([](Turn& turn) { return PutTenant(turn, "c"); });
  strand_.RunUntilIdle();
  EXPECT_EQ(store_.commits(), 1);
  EXPECT_THAT(Tenants(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(order, ElementsAre("effect a", "effect b", "done a", "done b"));
}

TEST_F(TurnControlTest, APostedOperationThatFailsIsUndoneAlone) {
  bool effect = false;
  absl::Status answer;
  control_.PostFirm([](Turn& turn) { return PutTenant(turn, "before"); });
  control_.Post(
      [&](Turn& turn) -> absl::Status {
        EXPECT_TRUE(PutTenant(turn, "undone").ok());
        turn.AfterCommit([&] { effect = true; });
        return absl::InvalidArgumentError("no");
      },
      [&](absl::Status status) { answer = std::move(status); });
  control_.PostFirm([](Turn& turn) { return PutTenant(turn, "after"); });
  strand_.RunUntilIdle();
  EXPECT_THAT(Tenants(), ElementsAre("after", "before"));
  EXPECT_EQ(answer.message(), "no");
  EXPECT_FALSE(effect);
  EXPECT_TRUE(lost_.ok());
}

TEST_F(TurnControlTest, AFirmOperationThatFailsEndsTheControl) {
  absl::Status answer;
  control_.Post([](Turn& turn) { return PutTenant(turn, "a"); },
                [&](absl::Status status) { answer = std::move(status); });
  control_.PostFirm([](Turn&) { return absl::InternalError("a row is missing"); });
  strand_.RunUntilIdle();
  EXPECT_EQ(FailureCodeOf(answer), FailureCode::kStoreReadOnly) << answer;
  EXPECT_FALSE(lost_.ok());
  EXPECT_THAT(Tenants(), IsEmpty());
  bool ran = false;
  control_.PostFirm([&](Turn&) {
    ran = true;
    return absl::OkStatus();
  });
  strand_.RunUntilIdle();
  EXPECT_FALSE(ran);
}

TEST_F(TurnControlTest, AFailureAfterMemoryHasChangedEndsTheControl) {
  control_.Post(
      [&](Turn&) {
        control_.MemoryChanged();
        return absl::InvalidArgumentError("too late");
      },
      nullptr);
  strand_.RunUntilIdle();
  EXPECT_FALSE(lost_.ok());
}

TEST_F(TurnControlTest, AFailedCommitAnswersAllAndHasNoEffects) {
  store_.FailCommit(1, Fault::kFull);
  std::vector<absl::Status> answers;
  bool effect = false;
  for (int i = 0; i < 2; ++i) {
    control_.Post(
        [&](Turn& turn) {
          turn.AfterCommit([&] { effect = true; });
          return PutTenant(turn, "a");
        },
        [&](absl::Status status) { answers.push_back(std::move(status)); });
  }
  strand_.RunUntilIdle();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(FailureCodeOf(answers[0]), FailureCode::kStoreFull);
  EXPECT_EQ(FailureCodeOf(answers[1]), FailureCode::kStoreFull);
  EXPECT_FALSE(effect);
  EXPECT_THAT(Tenants(), IsEmpty());
}

// Turns go on while the disk is waited for; what they want outside does not.
TEST_F(TurnControlTest, EffectsAwaitTheDiskAndTheNextTurnDoesNot) {
  ManualExecutor disk;
  TurnControl control(store_, strand_, &disk, clock_, 1, nullptr);
  std::vector<int> effects;
  for (int i = 0; i < 10; ++i) {
    control.PostFirm([&effects, i](Turn& turn) {
      turn.AfterCommit([&effects, i] { effects.push_back(i); });
      return PutTenant(turn, absl::StrCat("t", i));
    });
  }
  strand_.RunUntilIdle();
  EXPECT_EQ(Tenants().size(), 4u);  // No further ahead of the disk.
  EXPECT_THAT(effects, IsEmpty());
  ASSERT_TRUE(disk.RunOne());
  strand_.RunUntilIdle();
  EXPECT_THAT(effects, ElementsAre(0));  // That sync began when one turn was committed.
  while (disk.RunOne()) strand_.RunUntilIdle();
  EXPECT_THAT(effects, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(TurnControlTest, AFailedSyncHasNoEffectsAndEndsTheControl) {
  ManualExecutor disk;
  TurnControl control(store_, strand_, &disk, clock_, 1,
                      [this](const absl::Status& why) { lost_ = why; });
  std::vector<absl::Status> answers;
  bool effect = false;
  for (int i = 0; i < 3; ++i) {
    control.Post(
        [&effect](Turn& turn) {
          turn.AfterCommit([&effect] { effect = true; });
          return absl::OkStatus();
        },
        [&](absl::Status status) { answers.push_back(std::move(status)); });
  }
  strand_.RunUntilIdle();
  store_.FailSync();
  while (disk.RunOne()) strand_.RunUntilIdle();
  ASSERT_EQ(answers.size(), 3u);
  for (const absl::Status& answer : answers) EXPECT_TRUE(FailureCodeOf(answer).has_value());
  EXPECT_EQ(FailureCodeOf(lost_), FailureCode::kStoreIo);
  EXPECT_FALSE(effect);
}

TEST_F(TurnControlTest, StopLeavesNobodyWaitingForTheDisk) {
  ManualExecutor disk;
  TurnControl control(store_, strand_, &disk, clock_, 4, nullptr);
  absl::Status answer = absl::UnknownError("none came");
  control.Post([](Turn& turn) { return PutTenant(turn, "a"); },
               [&](absl::Status status) { answer = std::move(status); });
  strand_.RunUntilIdle();
  EXPECT_EQ(answer.message(), "none came");
  control.Stop();
  strand_.RunUntilIdle();
  EXPECT_TRUE(answer.ok()) << answer;
  disk.RunUntilIdle();  // The sync that was under way finds nothing left to do.
  strand_.RunUntilIdle();
}

TEST_F(TurnControlTest, StopAlsoAnswersWhatTheDiskHeldUp) {
  ManualExecutor disk;
  TurnControl control(store_, strand_, &disk, clock_, 1, nullptr);
  int answers = 0;
  for (int i = 0; i < 10; ++i) {
    control.Post([i](Turn& turn) { return PutTenant(turn, absl::StrCat("t", i)); },
                 [&](const absl::Status& status) { answers += status.ok() ? 1 : 0; });
  }
  strand_.RunUntilIdle();
  EXPECT_EQ(answers, 0);
  control.Stop();
  strand_.RunUntilIdle();
  EXPECT_EQ(answers, 10);
}

TEST_F(TurnControlTest, ATurnIsBoundedAndTheRestFollows) {
  for (int i = 0; i < 10; ++i) {
    control_.PostFirm([i](Turn& turn) { return PutTenant(turn, absl::StrCat("t", i)); });
  }
  strand_.RunUntilIdle();
  EXPECT_EQ(store_.commits(), 3);
  EXPECT_EQ(Tenants().size(), 10u);
}

TEST_F(TurnControlTest, AStoppedControlRefuses) {
  control_.Stop();
  absl::Status answer;
  control_.Post([](Turn&) { return absl::OkStatus(); },
                [&](absl::Status status) { answer = std::move(status); });
  strand_.RunUntilIdle();
  EXPECT_TRUE(absl::IsUnavailable(answer)) << answer;
}

}  // namespace
}  // namespace muster::core
