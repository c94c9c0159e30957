// One transaction a turn: what is undone alone, what ends the control, what comes after the commit.
#include "orchestrator/core/control/turn_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
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
    const std::vector<store::Tenant> tenants =
        *snapshot->tenants().List(store::TenantWall::Everything());
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

// A row that is not as it should be costs the server that it is about, not the service.
TEST_F(TurnControlTest, AFailureAgainstExpectationIsUndoneAloneAndWhatItConcernedIsReadAnew) {
  std::vector<std::string> reloaded;
  control_.SetReload([&](Turn& turn, const Concerned& concerned, const absl::Status& why) {
    EXPECT_EQ(why.message(), "a row is missing");
    for (const ServerId& server : concerned.servers) reloaded.push_back(server.value());
    for (const RolloutId& rollout : concerned.rollouts) reloaded.push_back(rollout.value());
    return PutTenant(turn, "reload");
  });
  absl::Status answer = absl::UnknownError("none came");
  bool effect = false;
  control_.Post([](Turn& turn) { return PutTenant(turn, "a"); },
                [&](absl::Status status) { answer = std::move(status); });
  control_.PostFirm([&](Turn& turn) -> absl::Status {
    turn.Concerns(ServerId("srv-1"));
    turn.Concerns(RolloutId("rol-1"));
    EXPECT_TRUE(PutTenant(turn, "undone").ok());
    turn.AfterCommit([&] { effect = true; });
    return absl::InternalError("a row is missing");
  });
  control_.PostFirm([](Turn& turn) { return PutTenant(turn, "b"); });
  strand_.RunUntilIdle();
  EXPECT_TRUE(answer.ok()) << answer;
  EXPECT_TRUE(lost_.ok()) << lost_;
  EXPECT_FALSE(effect);
  EXPECT_THAT(reloaded, ElementsAre("srv-1", "rol-1"));
  EXPECT_THAT(Tenants(), ElementsAre("a", "b", "reload"));
}

TEST_F(TurnControlTest, ARefusalNeedsNoReload) {
  int reloads = 0;
  control_.SetReload([&](Turn&, const Concerned&, const absl::Status&) {
    ++reloads;
    return absl::OkStatus();
  });
  control_.Post(
      [](Turn& turn) {
        turn.Concerns(ServerId("srv-1"));
        return FailureStatus(FailureCode::kServerUnknown, "no");
      },
      nullptr);
  strand_.RunUntilIdle();
  EXPECT_EQ(reloads, 0);
  EXPECT_TRUE(lost_.ok());
}

// Parts of one operation or of the last step fail alone, and what encloses them knows of it.
TEST_F(TurnControlTest, APartFailsAlone) {
  std::vector<std::vector<std::string>> reloads;
  control_.SetReload([&](Turn&, const Concerned& concerned, const absl::Status&) {
    std::vector<std::string>& names = reloads.emplace_back();
    for (const ServerId& server : concerned.servers) names.push_back(server.value());
    return absl::OkStatus();
  });
  const auto part = [](Turn& turn, const std::string& name, bool fails) {
    return turn.Alone([&]() -> absl::Status {
      turn.Concerns(ServerId(name));
      RETURN_IF_ERROR(PutTenant(turn, name));
      return fails ? absl::AbortedError("not as it was") : absl::OkStatus();
    });
  };
  control_.SetLastStep([&](Turn& turn) {
    EXPECT_TRUE(part(turn, "one", false).ok());
    EXPECT_TRUE(absl::IsAborted(part(turn, "two", true)));
    EXPECT_TRUE(part(turn, "three", false).ok());
    return absl::OkStatus();
  });
  control_.PostFirm([](Turn&) { return absl::OkStatus(); });
  strand_.RunUntilIdle();
  EXPECT_THAT(Tenants(), ElementsAre("one", "three"));
  EXPECT_THAT(reloads, ElementsAre(ElementsAre("two")));

  control_.SetLastStep(nullptr);
  reloads.clear();
  control_.PostFirm([&](Turn& turn) {
    part(turn, "four", false).IgnoreError();
    part(turn, "five", true).IgnoreError();
    return absl::AbortedError("the whole");
  });
  strand_.RunUntilIdle();
  EXPECT_THAT(Tenants(), ElementsAre("one", "three"));
  EXPECT_THAT(reloads, ElementsAre(ElementsAre("five"), ElementsAre("four", "five")));
  EXPECT_TRUE(lost_.ok());
}

TEST_F(TurnControlTest, WithoutARepairAFailureAgainstExpectationIsTheEnd) {
  absl::Status answer;
  control_.Post([](Turn& turn) { return PutTenant(turn, "a"); },
                [&](absl::Status status) { answer = std::move(status); });
  control_.SetReload([](Turn&, const Concerned&, const absl::Status&) {
    return absl::InternalError("the reload fails, too");
  });
  control_.PostFirm([](Turn& turn) {
    turn.Concerns(ServerId("srv-1"));
    return absl::InternalError("a row is missing");
  });
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

TEST_F(TurnControlTest, AnOperationThatMeetsALostStoreEndsTheControl) {
  for (const FailureCode code : {FailureCode::kStoreFull, FailureCode::kStoreIo,
                                 FailureCode::kStoreCorrupt, FailureCode::kStoreReadOnly}) {
    absl::Status lost;
    TurnControl control(store_, strand_, nullptr, clock_, 4,
                        [&lost](const absl::Status& why) { lost = why; });
    control.PostFirm([code](Turn&) { return FailureStatus(code, "injected"); });
    strand_.RunUntilIdle();
    EXPECT_EQ(FailureCodeOf(lost), code);
  }
}

TEST_F(TurnControlTest, ALastStepThatFailsEndsTheControl) {
  control_.SetLastStep([](Turn&) { return absl::InternalError("nobody knows what"); });
  control_.PostFirm([](Turn& turn) { return PutTenant(turn, "a"); });
  strand_.RunUntilIdle();
  EXPECT_FALSE(lost_.ok());
  EXPECT_THAT(Tenants(), IsEmpty());
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

// The log is tidied beside the turns, whose syncs and effects do not wait for it.
TEST_F(TurnControlTest, ACheckpointRunsBesideTheTurns) {
  sql::TempDir directory;
  const auto small = *store::SqliteStore::Open({.path = directory / "test.db",
                                                .now = clock_.Now(),
                                                .durable = false,
                                                .checkpoint_pages = 16});
  ManualExecutor disk;
  TurnControl control(*small, strand_, &disk, clock_, 1,
                      [this](const absl::Status& why) { lost_ = why; });
  int effects = 0;
  int made = 0;
  const auto put = [&] {
    control.PostFirm([&effects, i = made++](Turn& turn) {
      turn.AfterCommit([&effects] { ++effects; });
      return PutTenant(turn, absl::StrCat("t", i));
    });
    strand_.RunUntilIdle();
  };
  while (!small->CheckpointIsDue()) {
    put();
    disk.RunUntilIdle();
    strand_.RunUntilIdle();
  }
  put();
  while (small->CheckpointIsDue() && disk.RunOne()) strand_.RunUntilIdle();
  EXPECT_FALSE(small->CheckpointIsDue());
  disk.RunUntilIdle();
  strand_.RunUntilIdle();
  EXPECT_EQ(effects, made);
  EXPECT_TRUE(lost_.ok());
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
