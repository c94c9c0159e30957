// What the core tells of its work, and how it is counted.
#include "orchestrator/metrics/work_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string TextOf(const metrics::WorkCounts& counts) {
  metrics::Families families;
  counts.AddTo(families);
  return families.Text();
}

// What stands behind these words; -1: nothing does.
double ValueIn(const std::string& text, const std::string& words) {
  const size_t at = text.find(words);
  double value = -1;
  if (at != std::string::npos) {
    const size_t begin = at + words.size();
    (void)absl::SimpleAtod(text.substr(begin, text.find('\n', begin) - begin), &value);
  }
  return value;
}

TEST(WorkCountsTest, TimesFallIntoEachBucketThatHoldsThem) {
  metrics::WorkCounts counts;
  counts.TargetProven(TenantId("acme"), absl::Seconds(10));
  counts.TargetProven(TenantId("acme"), absl::Seconds(45));
  counts.TargetProven(TenantId("acme"), absl::Hours(24 * 30));
  counts.TargetProven(TenantId("globex"), -absl::Seconds(3));  // The date was set back.
  const std::string text = TextOf(counts);
  for (const char* line :
       {"_bucket{tenant=\"acme\",le=\"5\"} 0\n", "_bucket{tenant=\"acme\",le=\"10\"} 1\n",
        "_bucket{tenant=\"acme\",le=\"30\"} 1\n", "_bucket{tenant=\"acme\",le=\"60\"} 2\n",
        "_bucket{tenant=\"acme\",le=\"604800\"} 2\n", "_bucket{tenant=\"acme\",le=\"+Inf\"} 3\n",
        "_count{tenant=\"acme\"} 3\n", "_sum{tenant=\"acme\"} 2592055\n",
        "_sum{tenant=\"globex\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("muster_time_to_verified_seconds", line)));
  }
}

TEST(WorkCountsTest, WhatNeverHappenedIsZero) {
  const std::string text = TextOf(metrics::WorkCounts());
  EXPECT_THAT(text, HasSubstr("muster_commands_sent_total{kind=\"join\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("muster_attempts_ended_total{kind=\"probe\",state=\"timed_out\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("in_doubt"))) << "it is no end";
  EXPECT_THAT(text, Not(HasSubstr("time_to_verified"))) << "of which tenant?";

  metrics::WorkCounts counts;
  counts.TargetProven(TenantId("acme"), absl::Seconds(10));
  metrics::Families families;
  const TenantId tenants[] = {TenantId("acme"), TenantId("globex")};
  counts.AddTo(families, tenants);
  EXPECT_THAT(families.Text(),
              HasSubstr("muster_time_to_verified_seconds_count{tenant=\"acme\"} 1\n"));
  EXPECT_THAT(families.Text(),
              HasSubstr("muster_time_to_verified_seconds_count{tenant=\"globex\"} 0\n"));
}

class CountedWorkTest : public CoreBench {
 protected:
  CountedWorkTest() { work_watch_ = &counts_; }
  ~CountedWorkTest() override { world_.reset(); }
  metrics::WorkCounts counts_;
};

TEST_F(CountedWorkTest, AJoinRolloutIsCountedAsTheStoreHasIt) {
  Build(6);
  const auto rollout = Start();
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
  world_->RunFor(absl::Minutes(1));  // It is told once it is on the disk.
  int attempts = 0;
  std::map<std::string, int> ended;
  std::map<std::string, int> proven;
  std::map<std::string, double> took;
  const auto snapshot = world_->Read();
  store::TargetQuery query;
  query.rollout_id = rollout->id;
  const std::vector<store::Target> targets = *snapshot->rollouts().ListTargets(query);
  for (const store::Target& target : targets) {
    const auto sent = *snapshot->attempts().ListOfServer(target.server_id, 100);
    for (const store::Attempt& attempt : sent) {
      ++attempts;
      ++ended[std::string(ToString(attempt.state))];
    }
    ASSERT_EQ(target.state, store::TargetState::kSucceeded);
    const std::string tenant = TenantOf(target.zone_id).value();
    ++proven[tenant];
    took[tenant] += absl::ToDoubleSeconds(*target.finish_time - rollout->create_time);
  }
  ASSERT_GE(attempts, 6);
  const std::string text = TextOf(counts_);
  EXPECT_THAT(text,
              HasSubstr(absl::StrCat("muster_commands_sent_total{kind=\"join\"} ", attempts)));
  EXPECT_THAT(text, HasSubstr("muster_commands_sent_total{kind=\"probe\"} 0\n"));
  for (const auto& [state, count] : ended) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("muster_attempts_ended_total{kind=\"join\",state=\"",
                                             state, "\"} ", count, "\n")));
  }
  ASSERT_EQ(proven.size(), 2u);
  for (const auto& [tenant, count] : proven) {
    const std::string name = absl::StrCat("{tenant=\"", tenant, "\"} ");
    EXPECT_THAT(
        text, HasSubstr(absl::StrCat("muster_time_to_verified_seconds_count", name, count, "\n")));
    EXPECT_NEAR(ValueIn(text, absl::StrCat("muster_time_to_verified_seconds_sum", name)),
                took[tenant], 0.01);
  }
}

}  // namespace
}  // namespace muster::core
