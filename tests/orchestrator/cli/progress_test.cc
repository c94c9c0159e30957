#include "orchestrator/cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "proto/rpc/words.h"

namespace muster::cli {
namespace {

admin::v1::Rollout Rollout(const char* state, int total, int succeeded, int failed) {
  admin::v1::Rollout rollout;
  rollout.set_rollout_id("rol-1");
  rollout.set_state(rpc::ParseWord<admin::v1::RolloutState>(state).value());
  rollout.mutable_counts()->set_total(total);
  rollout.mutable_counts()->set_succeeded(succeeded);
  rollout.mutable_counts()->set_failed(failed);
  rollout.mutable_counts()->set_waiting(total - succeeded - failed);
  return rollout;
}

class ProgressTest : public testing::Test {
 protected:
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  CliEnvironment environment_{.in = in_, .out = out_, .err = err_, .now = [] {
                                return absl::FromUnixSeconds(1'784'365'200);
                              }};
};

TEST_F(ProgressTest, CountsInWords) {
  EXPECT_EQ(CountsText(Rollout("running", 10, 0, 0).counts()),
            "0 of 10 done: 0 succeeded; 10 waiting");
  EXPECT_EQ(CountsText(Rollout("running", 10, 7, 3).counts()),
            "10 of 10 done: 7 succeeded, 3 failed");
}

TEST_F(ProgressTest, BarIsFullOnlyAtTheEnd) {
  EXPECT_EQ(ProgressBar(Rollout("running", 1000, 999, 0).counts(), 10), "[#########-]  99%");
  EXPECT_EQ(ProgressBar(Rollout("running", 1000, 1000, 0).counts(), 4), "[####] 100%");
  EXPECT_EQ(ProgressBar(Rollout("running", 0, 0, 0).counts(), 4), "[####] 100%");
}

TEST_F(ProgressTest, PipeGetsALineForEachChange) {
  ProgressDisplay display(environment_);
  display.Show(Rollout("running", 2, 0, 0));
  display.Show(Rollout("running", 2, 0, 0));
  display.Show(Rollout("completed", 2, 2, 0));
  EXPECT_EQ(err_.str(),
            "09:00:00 rol-1 running, 0 of 2 done: 0 succeeded; 2 waiting\n"
            "09:00:00 rol-1 completed, 2 of 2 done: 2 succeeded\n");
}

TEST_F(ProgressTest, TerminalRewritesOneLineThatFits) {
  environment_.err_is_terminal = true;
  environment_.width = 40;
  {
    ProgressDisplay display(environment_);
    display.Show(Rollout("running", 2, 1, 0));
  }
  EXPECT_EQ(err_.str(),
            "\r\x1b[2K[#####-----]  50%  running  1 of 2 don…"
            "\r\x1b[2K");
}

TEST_F(ProgressTest, PauseSaysWhatToDoOnce) {
  ProgressDisplay display(environment_);
  admin::v1::Rollout rollout = Rollout("paused", 2, 0, 1);
  rollout.set_reason("1 of 0 failures");
  display.Show(rollout);
  display.Show(rollout);
  const std::string text = err_.str();
  EXPECT_NE(text.find("muster rollout resume rol-1"), std::string::npos);
  EXPECT_EQ(text.find("muster rollout resume rol-1"), text.rfind("muster rollout resume rol-1"));
}

TEST_F(ProgressTest, SuccessIsAllTargetsOrNothing) {
  EXPECT_TRUE(IsFullSuccess(Rollout("completed", 2, 2, 0)));
  EXPECT_FALSE(IsFullSuccess(Rollout("completed", 2, 1, 1)));
  EXPECT_FALSE(IsFullSuccess(Rollout("canceled", 2, 2, 0)));
  EXPECT_TRUE(IsFinal(Rollout("completed_with_stragglers", 2, 1, 0)));
  EXPECT_TRUE(IsFinal(Rollout("completed_with_failures", 2, 1, 1)));
  EXPECT_FALSE(IsFinal(Rollout("canceling", 2, 1, 0)));
  EXPECT_FALSE(IsFinal(Rollout("paused", 2, 1, 0)));
}

}  // namespace
}  // namespace muster::cli
