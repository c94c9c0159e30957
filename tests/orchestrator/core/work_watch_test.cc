// What whoever counts is told of commands and their ends, and that it is on record by then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using sim::JoinCourse;
using store::AttemptState;
using store::CommandKind;
using testing::Pair;
using testing::UnorderedElementsAre;

class WatchOfAll final : public WorkWatch {
 public:
  void CommandSent(CommandKind kind) override { Count(absl::StrCat(ToString(kind), " sent")); }
  void AttemptEnded(CommandKind kind, AttemptState state) override {
    Count(absl::StrCat(ToString(kind), " ", ToString(state)));
  }
  void TargetProven(const TenantId& tenant, absl::Duration after) override {
    Count(absl::StrCat(tenant.value(), " proven"));
    took = after;
  }

  std::map<std::string, int> told;
  absl::Duration took;
  std::function<void()> on_tell = [] {};

 private:
  void Count(const std::string& what) {
    ++told[what];
    on_tell();
  }
};

class WorkWatchTest : public CoreBench {
 protected:
  WorkWatchTest() { work_watch_ = &watch_; }
  ~WorkWatchTest() override { world_.reset(); }
  store::Rollout Finish(const RolloutInput& input = {}) {
    const auto rollout = Start(input);
    EXPECT_TRUE(rollout.ok()) << rollout.status();
    EXPECT_TRUE(Finishes(rollout->id, absl::Hours(2)));
    world_->RunFor(absl::Minutes(1));
    return *rollout;
  }
  // The attempts on record, told in the watch's words.
  std::map<std::string, int> OnRecord() {
    std::map<std::string, int> words;
    const auto snapshot = world_->Read();
    for (const auto& worker : world_->workers()) {
      const auto attempts = *snapshot->attempts().ListOfServer(worker->options().server_id, 1000);
      for (const store::Attempt& attempt : attempts) {
        const auto kind = ToString(attempt.kind);
        ++words[absl::StrCat(kind, " sent")];
        if (!store::IsOpen(attempt.state)) {
          ++words[absl::StrCat(kind, " ", ToString(attempt.state))];
        }
      }
    }
    return words;
  }

  WatchOfAll watch_;
};

TEST_F(WorkWatchTest, JoinsAreSentAndProven) {
  Build(4);  // Two of each tenant.
  const store::Rollout rollout = Finish();
  EXPECT_THAT(watch_.told,
              UnorderedElementsAre(Pair("join sent", 4), Pair("join succeeded", 4),
                                   Pair("tenant-0 proven", 2), Pair("tenant-1 proven", 2)));
  EXPECT_GT(watch_.took, absl::ZeroDuration());
  EXPECT_LT(watch_.took, world_->clock().Now() - rollout.create_time);
}

TEST_F(WorkWatchTest, AProbeProvesNothing) {
  Build(2);
  RolloutInput input;
  input.kind = CommandKind::kProbe;
  Finish(input);
  EXPECT_THAT(watch_.told, UnorderedElementsAre(Pair("probe sent", 2), Pair("probe succeeded", 2)));
}

// Refusals, repetitions and doubts: what was told is what the store has.
TEST_F(WorkWatchTest, WhateverHappensIsToldAsItIsOnRecord) {
  Build(6);
  world_->Plan(0, {JoinCourse::kKeyRefused});
  world_->Plan(1, {JoinCourse::kRateLimited, JoinCourse::kGood});
  world_->Plan(2, {JoinCourse::kAnswerLost});
  world_->Plan(3, {JoinCourse::kLostOnWayToHub, JoinCourse::kGood});
  RolloutInput input;
  input.max_failures = input.max_in_doubt = "100%";
  Finish(input);
  std::map<std::string, int> attempts = watch_.told;
  attempts.erase("tenant-0 proven");
  attempts.erase("tenant-1 proven");
  EXPECT_EQ(attempts, OnRecord());
  EXPECT_GT(attempts["join sent"], 6);
  EXPECT_GT(attempts["join failed"], 0);
  EXPECT_GT(attempts["join settled"], 0);
  EXPECT_EQ(watch_.told["tenant-0 proven"] + watch_.told["tenant-1 proven"], 5);
}

TEST_F(WorkWatchTest, NothingIsToldBeforeItIsOnRecord) {
  Build(3);
  int tellings = 0;
  watch_.on_tell = [&] {
    ++tellings;
    std::map<std::string, int> known = OnRecord();
    for (const auto& [what, times] : watch_.told) {
      if (!known.contains(what) || times <= known[what]) continue;
      ADD_FAILURE() << what << " " << times << ", on record " << known[what];
    }
  };
  Finish();
  EXPECT_GT(tellings, 6);
}

}  // namespace
}  // namespace muster::core
