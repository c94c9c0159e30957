// Rollouts are created and watched to their end, also over lost connections.
#include <gmock/gmock.h>

#include "proto/rpc/words.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RolloutTest : public CliTest {
 protected:
  void State(const char* state, int succeeded, int failed) {
    auto& rollout = admin_.watch.emplace_back();
    rollout.set_rollout_id("rol-1");
    rollout.set_kind(admin::v1::COMMAND_KIND_JOIN);
    rollout.set_state(rpc::ParseWord<admin::v1::RolloutState>(state).value());
    rollout.mutable_counts()->set_total(2);
    rollout.mutable_counts()->set_succeeded(succeeded);
    rollout.mutable_counts()->set_failed(failed);
  }
};

TEST_F(RolloutTest, CreateSendsEveryFlagAndSaysHowToWatch) {
  State("running", 0, 0);
  EXPECT_EQ(Run({"rollout", "create", "--zone", "acme/prod", "--kind", "probe", "--label",
                 "site=berlin", "--max-concurrency", "25%", "--max-failures", "0", "--max-in-doubt",
                 "3", "--deadline", "1h30m", "--allow-takeover", "--request-id", "r1"}),
            0);
  const auto& request = admin_.rollout_request;
  EXPECT_EQ(
      request.ShortDebugString(),
      "kind: COMMAND_KIND_PROBE selection { zone_id: \"acme/prod\" labels { key: \"site\" value: "
      "\"berlin\" } } max_concurrency: \"25%\" max_failures: \"0\" deadline { seconds: 5400 "
      "} allow_takeover: true request_id: \"r1\" max_in_doubt: \"3\"");
  EXPECT_THAT(out_, HasSubstr("muster rollout watch rol-1"));
}

TEST_F(RolloutTest, LimitsAreShownWithWhatTheyMean) {
  State("running", 0, 0);
  auto& rollout = admin_.watch.back();
  rollout.set_max_concurrency("25%");
  rollout.set_effective_max_concurrency(50);
  rollout.set_max_failures("3");
  rollout.set_effective_max_failures(3);
  rollout.set_effective_max_in_doubt(10);
  EXPECT_EQ(Run({"rollout", "create", "--all"}), 0);
  EXPECT_THAT(out_,
              AllOf(HasSubstr("max concurrency: 25% = 50\n"), HasSubstr("max failures:    3\n"),
                    HasSubstr("max in doubt:    default = 10\n")));
}

TEST_F(RolloutTest, WatchEndsWithTheResult) {
  State("running", 0, 0);
  State("running", 1, 0);
  State("completed", 2, 0);
  EXPECT_EQ(Run({"rollout", "create", "--all", "--watch"}), 0);
  EXPECT_THAT(err_, AllOf(HasSubstr("rol-1 running, 1 of 2 done"), HasSubstr("completed, 2 of 2")));
  EXPECT_THAT(out_, HasSubstr("state:           completed\n"));
}

TEST_F(RolloutTest, JsonOnStandardOutputIsTheFinalStateAlone) {
  State("running", 0, 0);
  State("completed", 2, 0);
  EXPECT_EQ(Run({"rollout", "watch", "rol-1", "-o", "json"}), 0);
  EXPECT_THAT(out_, testing::StartsWith("{\n \"rollout_id\": \"rol-1\","));
  EXPECT_THAT(out_, AllOf(HasSubstr("\"state\": \"completed\""), Not(HasSubstr("running"))));
}

TEST_F(RolloutTest, NotEveryTargetSucceededIsFive) {
  State("completed", 1, 1);
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 5);
  EXPECT_THAT(err_, HasSubstr("muster report --rollout rol-1"));
  admin_.watch.clear();
  State("canceled", 0, 0);
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 5);
}

TEST_F(RolloutTest, LostConnectionIsTakenUpAgain) {
  State("running", 0, 0);
  State("completed", 2, 0);
  admin_.break_watch_after = 1;
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 0);
  EXPECT_EQ(admin_.watches, 2);
  EXPECT_EQ(waits_, 1);
  EXPECT_THAT(err_, HasSubstr("trying again"));
}

TEST_F(RolloutTest, OrchestratorThatStaysAwayIsGivenUp) {
  admin_.failures["WatchRollout"] = absl::UnavailableError("down");
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 3);
  EXPECT_GT(waits_, 5);
  EXPECT_THAT(err_, HasSubstr("muster rollout watch rol-1"));
}

TEST_F(RolloutTest, UnknownRolloutIsNotTriedAgain) {
  admin_.failures["WatchRollout"] = absl::NotFoundError("E-ROLLOUT-UNKNOWN: rol-1");
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 1);
  EXPECT_EQ(admin_.watches, 1);
}

TEST_F(RolloutTest, CtrlCLooksAwayOnly) {
  State("running", 0, 0);
  admin_.hang_watch = true;
  interrupted_ = true;
  EXPECT_EQ(Run({"rollout", "watch", "rol-1"}), 130);
  EXPECT_THAT(err_, HasSubstr("goes on without you. Watch it again with: muster rollout watch "
                              "rol-1"));
}

TEST_F(RolloutTest, PauseCanEndTheWatch) {
  State("paused", 0, 1);
  admin_.hang_watch = true;
  EXPECT_EQ(Run({"rollout", "watch", "rol-1", "--exit-on-pause"}), 5);
  EXPECT_THAT(err_, HasSubstr("muster rollout resume rol-1"));
}

}  // namespace
}  // namespace muster::cli
