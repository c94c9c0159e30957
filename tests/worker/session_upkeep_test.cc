// What a session looks after beside its commands: moments, pings, why it cannot connect, another
// identity, a service with problems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"
#include "base/log.h"
#include "tests/worker/session_fixture.h"

namespace muster::worker {
namespace {

class SessionUpkeepTest : public SessionTest {};

v1::Moment MomentAt(int64_t event, const std::string& hash) {
  v1::Moment moment;
  moment.set_event(event);
  moment.set_hash(hash);
  return moment;
}

TEST_F(SessionUpkeepTest, KeepsTheLastMomentAndTellsIt) {
  StartSession();
  auto& first = Open();
  EXPECT_FALSE(first.sent[0].hello().has_moment());
  v1::OrchestratorMessage ack;
  ack.mutable_result_ack()->set_command_id("cmd-0");
  *ack.mutable_moment() = MomentAt(7, "seven");
  first.Say(ack);
  first.Say(ack);
  Settle();
  EXPECT_EQ(moments_kept_, 1) << "the same is not written twice";
  first.Break();
  Settle();
  auto& second = Open();
  EXPECT_EQ(second.sent[0].hello().moment().event(), 7);
  EXPECT_EQ(second.sent[0].hello().moment().hash(), "seven");
  // The last one counts, not the highest: an orchestrator that was put back goes on from there.
  *ack.mutable_moment() = MomentAt(5, "another five");
  second.Say(ack);
  Settle();
  Crash();
  StartSession();
  AwaitConnection();
  EXPECT_EQ(transport_.last().sent[0].hello().moment().event(), 5);
}

TEST_F(SessionUpkeepTest, KeepsTheNonceOfASessionAndShowsItInTheNext) {
  StartSession();
  const auto open_with = [this](const std::string& nonce) -> FakeTransport::Connection& {
    AwaitConnection();
    transport_.last().nonce = nonce;
    transport_.last().SayWelcome(clock_.Now(), Pin());
    Settle();
    return transport_.last();
  };
  auto& first = open_with("1-abc");
  EXPECT_EQ(first.sent[0].hello().session_nonce(), "");
  EXPECT_EQ(first.sent[0].hello().boot_id_hash(), "this-run");
  EXPECT_EQ(kept_nonce_, "1-abc");
  first.Break();
  Settle();
  auto& second = open_with("2-def");
  EXPECT_EQ(second.sent[0].hello().session_nonce(), "1-abc");
  // What cannot be kept is not shown: after a restart it would be the one before.
  keep_nonce_ = absl::InternalError("disk full");
  second.Break();
  Settle();
  auto& third = open_with("3-ghi");
  EXPECT_EQ(third.sent[0].hello().session_nonce(), "2-def");
  third.Break();
  Settle();
  keep_nonce_ = absl::OkStatus();
  auto& fourth = open_with("");
  EXPECT_EQ(fourth.sent[0].hello().session_nonce(), "2-def");
  EXPECT_EQ(kept_nonce_, "2-def") << "an older orchestrator has none to give";
  fourth.Break();
  Settle();
  auto& fifth = open_with(std::string(65, 'x'));
  EXPECT_EQ(kept_nonce_, "2-def") << "longer than the protocol allows";
  fifth.Break();
  Crash();
  StartSession();
  AwaitConnection();
  EXPECT_EQ(transport_.last().sent[0].hello().session_nonce(), "2-def");
}

TEST_F(SessionUpkeepTest, AnswersAPingWhileACommandRuns) {
  StartSession();
  auto& connection = Open();
  EXPECT_TRUE(connection.sent[0].hello().answers_pings());
  connection.SayCommand(JoinCommand());
  strand_.RunUntilIdle();
  v1::OrchestratorMessage ping;
  ping.mutable_ping()->set_number(42);
  connection.Say(ping);
  strand_.RunUntilIdle();
  EXPECT_EQ(connection.sent.back().pong().number(), 42u);
  EXPECT_EQ(executor_.size(), 1u) << "the join has not ended";
}

TEST_F(SessionUpkeepTest, SaysWhyThePeerCannotBeTalkedToAndKeepsTrying) {
  int looks = 0;
  look_at_peer_ = [&looks]() -> std::optional<Failure> {
    if (++looks == 1) return Failure{FailureCode::kClockSkew, "3h behind"};
    return std::nullopt;
  };
  std::vector<std::string> lines;
  log::SetSinkForTesting([&lines](absl::string_view line) { lines.emplace_back(line); });
  StartSession();
  AwaitConnection();
  transport_.last().Break();
  Settle();
  EXPECT_EQ(looks, 1);
  EXPECT_EQ(FailureCodeOf(end_), FailureCode::kClockSkew);
  EXPECT_LE(AwaitConnection(), absl::Minutes(2)) << "a clock that is put right is soon seen";
  transport_.last().Break();
  Settle();
  EXPECT_EQ(looks, 2);
  EXPECT_TRUE(end_.ok()) << "nothing was seen";
  // An open session that ends, and an end with a word, are not looked into.
  Open().Break();
  Settle();
  AwaitConnection();
  transport_.last().Break(FailureStatus(FailureCode::kSessionReplaced, ""));
  Settle();
  EXPECT_EQ(looks, 2);
  log::SetSinkForTesting(nullptr);
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("3h behind")));
}

TEST_F(SessionUpkeepTest, ReloadTakesOverANewIdentityAndConnectsWithIt) {
  StartSession();
  auto& first = Open();
  session_->Reload();
  Settle();
  EXPECT_TRUE(first.open) << "nothing has changed";
  v1::ZonePin pin = Pin();
  pin.set_version(9);
  replaced_ = SessionIdentity{pin, authority_.ca_pem()};
  first.SayCommand(JoinCommand());
  strand_.RunUntilIdle();
  session_->Reload();
  strand_.RunUntilIdle();
  EXPECT_TRUE(first.open) << "the join that runs is not cut";
  Settle();
  EXPECT_FALSE(first.open);
  AwaitConnection();
  EXPECT_EQ(transport_.last().sent[0].hello().zone_pin().version(), 9);
  // While it waits for its next try it tries at once.
  transport_.last().Break();
  Settle();
  const size_t count = transport_.count();
  session_->Reload();
  Settle();
  EXPECT_EQ(transport_.count(), count + 1);
}

TEST_F(SessionUpkeepTest, LooksAtItsServiceByItselfUntilItsProblemsAreCured) {
  look_by_itself_ = true;
  types::v1::Failure due;
  due.set_code("E-JOIN-RESTART-DUE");
  probe_->answer = [&due] {
    v1::CommandResult result;
    result.set_outcome(v1::CommandResult::OUTCOME_SUCCEEDED);
    result.mutable_probe()->mutable_service()->set_version("7");
    if (!due.code().empty()) *result.mutable_probe()->mutable_service()->add_problems() = due;
    return result;
  };
  StartSession();
  auto& connection = Open();
  const auto told = [&connection] {
    std::vector<int> problems;
    for (const auto& message : connection.sent) {
      if (message.heartbeat().has_service()) {
        problems.push_back(message.heartbeat().service().problems_size());
      }
    }
    return problems;
  };
  Advance(absl::Seconds(31));
  EXPECT_THAT(told(), testing::ElementsAre(1));
  EXPECT_EQ(connection.Results().size(), 0u) << "nobody asked";
  for (int i = 0; i < 11; ++i) Advance(absl::Seconds(31));
  EXPECT_THAT(told(), testing::ElementsAre(1, 1));
  due.clear_code();
  for (int i = 0; i < 11; ++i) Advance(absl::Seconds(31));
  EXPECT_THAT(told(), testing::ElementsAre(1, 1, 0));
  for (int i = 0; i < 100; ++i) Advance(absl::Seconds(31));
  EXPECT_THAT(told(), testing::ElementsAre(1, 1, 0)) << "healthy: it is left alone";
}

// A result of before the restart is told again: it is old, and no look at the service.
TEST_F(SessionUpkeepTest, AReplayedResultIsNoLookOfItsOwn) {
  look_by_itself_ = true;
  probe_->only_reads = false;  // What only reads is in no journal.
  probe_->answer = [version = 6]() mutable {
    v1::CommandResult result;
    result.set_outcome(v1::CommandResult::OUTCOME_SUCCEEDED);
    result.mutable_probe()->mutable_service()->set_version(absl::StrCat(++version));
    return result;
  };
  StartSession();
  Open().SayCommand(ProbeCommand("cmd-1"));
  Settle();
  Crash();
  StartSession();
  auto& connection = Open();
  ASSERT_EQ(connection.Results().size(), 1u) << "told again";
  Advance(absl::Seconds(31));
  EXPECT_EQ(connection.sent.back().heartbeat().service().version(), "8");
  // Told again once more, it does not make the service older either.
  connection.Break(absl::UnavailableError("cut"));
  Settle();
  Open().Break(absl::UnavailableError("cut"));
  Settle();
  AwaitConnection();
  EXPECT_EQ(transport_.last().sent.front().hello().service().version(), "8");
}

}  // namespace
}  // namespace muster::worker
