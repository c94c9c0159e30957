// The join handler against a service without HTTP: order, doubt, takeover, one join at a time.
#include "worker/commands/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/failure_code.h"
#include "base/platform/files.h"
#include "tests/fakes/fake_clock.h"
#include "tests/worker/fake_service.h"
#include "tests/worker/worker_fixture.h"
#include "worker/commands/takeover_mark.h"
#include "worker/service/service_files.h"

namespace muster::worker {
namespace {

using Result = v1::CommandResult;
constexpr char kOther[] = "https://other.example";

class JoinTest : public testing::Test {
 protected:
  JoinHandler Handler(v1::ZonePin pin = Pin(), ServiceDriver* cli = nullptr) {
    return JoinHandler({.api = service_,
                        .cli = cli,
                        .service_control = service_,
                        .clock = clock_,
                        .open_secret = PlainSecret,
                        .wait =
                            [this](absl::Duration) {
                              ++sleeps_;
                              return true;
                            }},
                       {.zone_pin = std::move(pin),
                        .lock_path = folder_.path() + "/join.lock",
                        .takeover_mark_path = folder_.path() + "/takeover",
                        .pending_join_path = folder_.path() + "/join"});
  }
  static void ExpectFailure(const Result& result, Result::Outcome outcome, FailureCode code) {
    EXPECT_EQ(result.outcome(), outcome) << result.ShortDebugString();
    EXPECT_EQ(result.failure().code(), TextOf(code));
  }

  TempDir folder_;
  FakeService service_;
  FakeClock clock_;
  int sleeps_ = 0;
};

TEST_F(JoinTest, JoinsAFreshService) {
  const Result result = Handler().Run(JoinCommand());
  EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(result.join().effect(), v1::JoinResult::EFFECT_JOINED);
  EXPECT_EQ(result.join().service().hub_instance_id(), service_.hub_id);
  EXPECT_TRUE(result.join().service().hub_connected());
  EXPECT_EQ(service_.last_secret, kCanary);
  EXPECT_EQ(result.SerializeAsString().find(kCanary), std::string::npos);
}

TEST_F(JoinTest, DoesNothingWhenJoinedHereAndConnected) {
  service_.hub_id = "id";
  service_.hub_url = "https://HUB.example:8443/";
  service_.connected = true;
  const Result result = Handler().Run(JoinCommand());
  EXPECT_EQ(result.join().effect(), v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(service_.joins, 0);
}

TEST_F(JoinTest, RejoinsWhenDisconnected) {
  service_.hub_id = "id";
  service_.hub_url = kHub;
  const Result result = Handler().Run(JoinCommand());
  EXPECT_EQ(result.join().effect(), v1::JoinResult::EFFECT_REJOINED);
  EXPECT_EQ(service_.joins, 1);
}

// Remedy walked: E-JOIN-ELSEWHERE
TEST_F(JoinTest, LeavesAnotherHubOnlyWhenAllowed) {
  service_.hub_id = "id";
  service_.hub_url = kOther;
  service_.connected = true;
  const Result refused = Handler().Run(JoinCommand());
  ExpectFailure(refused, Result::OUTCOME_FAILED, FailureCode::kJoinElsewhere);
  EXPECT_THAT(refused.failure().detail(), testing::HasSubstr(kOther));
  EXPECT_EQ(service_.joins, 0);

  const Result taken = Handler().Run(JoinCommand("c", "a", kHub, true));
  EXPECT_EQ(taken.join().effect(), v1::JoinResult::EFFECT_TAKEN_OVER);
  EXPECT_EQ(service_.joins, 1);
  EXPECT_EQ(service_.restarts, 1);
}

TEST_F(JoinTest, ATakeoversMissingRestartIsMadeUpForOnce) {
  service_.hub_id = "id";
  service_.hub_url = kHub;
  service_.connected = true;
  const TakeoverMark mark(folder_.path() + "/takeover", kHub);
  EXPECT_EQ(Handler().Recover().join().effect(), v1::JoinResult::EFFECT_JOINED);
  EXPECT_EQ(service_.restarts, 0) << "nothing says that one is due";
  ASSERT_TRUE(mark.Set("run-0").ok());
  EXPECT_EQ(Handler().Recover().join().effect(), v1::JoinResult::EFFECT_TAKEN_OVER);
  EXPECT_EQ(Handler().Recover().outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(service_.restarts, 1);
  ASSERT_TRUE(mark.Set("run-1").ok());
  EXPECT_EQ(Handler().Run(JoinCommand()).join().effect(), v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(service_.restarts, 2);
  EXPECT_EQ(service_.joins, 0);
  // Of another zone's worker, long ago.
  ASSERT_TRUE(TakeoverMark(folder_.path() + "/takeover", kOther).Set("run-1").ok());
  (void)Handler().Recover();
  EXPECT_EQ(service_.restarts, 2);
}

// Remedy walked: E-JOIN-RESTART-DUE
TEST_F(JoinTest, ARestartThatSomebodyElseMadeIsSeen) {
  service_.hub_id = "id";
  service_.hub_url = kOther;
  service_.connected = true;
  service_.restart_failure = absl::PermissionDeniedError("no unit of that name");
  const Result taken = Handler().Run(JoinCommand("c", "a", kHub, true));
  ASSERT_EQ(taken.problems_size(), 1);
  EXPECT_EQ(taken.problems(0).code(), "E-JOIN-RESTART-DUE");
  EXPECT_EQ(taken.join().service().problems_size(), 1) << "it lasts";
  EXPECT_EQ(service_.restarts, 1);
  // An operator restarts it: its run has another name.
  service_.run_id = "run of Monday";
  const Result again = Handler().Run(JoinCommand("c2", "a2", kHub));
  EXPECT_EQ(again.join().effect(), v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(again.problems_size(), 0);
  EXPECT_EQ(again.join().service().problems_size(), 0);
  EXPECT_EQ(service_.restarts, 1) << "it is not restarted once more";
  EXPECT_FALSE(TakeoverMark(folder_.path() + "/takeover", kHub).IsSet());
}

TEST_F(JoinTest, ARunThatNobodyKnowsIsNoRestart) {
  const TakeoverMark mark(folder_.path() + "/takeover", kHub);
  EXPECT_FALSE(mark.RestartedSince("run-2")) << "no mark";
  ASSERT_TRUE(mark.Set("run-1").ok());
  EXPECT_EQ(mark.MarkedHub(), NormalizeHubUrl(kHub));
  EXPECT_FALSE(mark.RestartedSince("run-1"));
  EXPECT_FALSE(mark.RestartedSince(""));
  EXPECT_TRUE(mark.RestartedSince("run-2"));
  ASSERT_TRUE(mark.Set("").ok());
  EXPECT_TRUE(mark.IsSet());
  EXPECT_FALSE(mark.RestartedSince("run-2")) << "it was not known then";
  // As older workers wrote it.
  ASSERT_TRUE(WriteFileAtomically(folder_.path() + "/takeover", NormalizeHubUrl(kHub),
                                  FileAccess::kOwnerOnly)
                  .ok());
  EXPECT_TRUE(mark.IsSet());
  EXPECT_FALSE(mark.RestartedSince("run-2"));
}

TEST_F(JoinTest, ARefusedTakeoverLeavesNothingDue) {
  service_.hub_id = "id";
  service_.hub_url = kOther;
  service_.connected = true;
  service_.on_join = [](FakeService&, const JoinCall&) {
    return JoinAnswer{JoinAnswer::Outcome::kFailed, Failure{FailureCode::kJoinKeyRefused, "401"},
                      ""};
  };
  ExpectFailure(Handler().Run(JoinCommand("c", "a", kHub, true)), Result::OUTCOME_FAILED,
                FailureCode::kJoinKeyRefused);
  EXPECT_FALSE(TakeoverMark(folder_.path() + "/takeover", kHub).IsSet());
  EXPECT_EQ(service_.restarts, 0);
}

TEST_F(JoinTest, ATakeoverThatCannotBeNotedIsNotBegun) {
  service_.hub_id = "id";
  service_.hub_url = kOther;
  ASSERT_TRUE(MakePrivateDirectory(folder_.path() + "/takeover").ok());
  ExpectFailure(Handler().Run(JoinCommand("c", "a", kHub, true)), Result::OUTCOME_FAILED,
                FailureCode::kWorkerJournal);
  EXPECT_EQ(service_.joins, 0);
}

TEST_F(JoinTest, RefusesEveryOtherHubAndZone) {
  ExpectFailure(Handler().Run(JoinCommand("c", "a", kOther)), Result::OUTCOME_REJECTED,
                FailureCode::kJoinZoneMismatch);
  v1::Command foreign = JoinCommand();
  foreign.set_zone_id("other/prod");
  ExpectFailure(Handler().Run(foreign), Result::OUTCOME_REJECTED, FailureCode::kJoinZoneMismatch);
  EXPECT_EQ(service_.joins, 0);
}

TEST_F(JoinTest, ALostAnswerIsNeverRepeated) {
  service_.on_join = [](FakeService&, const JoinCall&) { return FakeService::Lost(); };
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_IN_DOUBT,
                FailureCode::kJoinAnswerLost);
  EXPECT_EQ(service_.joins, 1);
}

TEST_F(JoinTest, ALostAnswerOfAJoinThatHappenedIsAClaim) {
  service_.on_join = [](FakeService& service, const JoinCall& call) {
    service.Succeed(call);
    return FakeService::Lost();
  };
  const Result result = Handler().Run(JoinCommand());
  EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(result.join().service().hub_instance_id(), service_.hub_id);
  EXPECT_EQ(service_.joins, 1);
}

TEST_F(JoinTest, AnOldIdentityProvesNoRejoin) {
  service_.hub_id = "id";
  service_.hub_url = kHub;
  service_.on_join = [](FakeService&, const JoinCall&) { return FakeService::Lost(); };
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_IN_DOUBT,
                FailureCode::kJoinAnswerLost);
  // But the connection does.
  service_.run_id = "restarted";
  service_.on_join = [](FakeService& service, const JoinCall&) {
    service.connected = true;
    return FakeService::Lost();
  };
  EXPECT_EQ(Handler().Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED);
}

TEST_F(JoinTest, AnErrorThatARepetitionCannotWorsenIsNoDoubt) {
  service_.on_join = [](FakeService&, const JoinCall&) {
    return JoinAnswer{JoinAnswer::Outcome::kUnsure, Failure{FailureCode::kServiceError, "500"}, ""};
  };
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_IN_DOUBT, FailureCode::kServiceError);
  service_.hub_id = "id";
  service_.hub_url = kHub;
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_FAILED, FailureCode::kServiceError);
}

TEST_F(JoinTest, ClaimsAJoinThatDoesNotConnectAndSaysSo) {
  service_.connects = false;
  const Result result = Handler().Run(JoinCommand());
  EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_FALSE(result.join().service().hub_connected());
  EXPECT_GT(sleeps_, 5);
}

TEST_F(JoinTest, WaitsForNoOneElsesJoin) {
  const auto held = FileLock::TryAcquire(folder_.path() + "/join.lock");
  ASSERT_TRUE(held.ok());
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_REJECTED, FailureCode::kJoinBusy);
  EXPECT_EQ(service_.joins, 0);
}

// Remedy walked: E-JOIN-CLI-FORBIDDEN
TEST_F(JoinTest, TheCommandLineOnlyWhereTheZoneAllowsIt) {
  FakeService cli;
  service_.survey_failure = Failure{FailureCode::kServicePipeOnly, "pipe"};
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_FAILED,
                FailureCode::kServicePipeOnly);
  ExpectFailure(Handler(Pin(), &cli).Run(JoinCommand()), Result::OUTCOME_FAILED,
                FailureCode::kJoinCliForbidden);
  EXPECT_EQ(cli.joins, 0);
  EXPECT_EQ(Handler(Pin(kHub, true), &cli).Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(cli.joins, 1);
}

TEST_F(JoinTest, RecoveryLooksAndNeverJoins) {
  ExpectFailure(Handler().Recover(), Result::OUTCOME_IN_DOUBT, FailureCode::kJoinInterrupted);
  service_.hub_id = "id";
  service_.hub_url = kOther;
  ExpectFailure(Handler().Recover(), Result::OUTCOME_IN_DOUBT, FailureCode::kJoinInterrupted);
  service_.hub_url = kHub;
  EXPECT_EQ(Handler().Recover().outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(service_.joins, 0);
}

// A join that never answered may still run: nobody joins beside it, whoever asks and however often
// the worker restarts.
TEST_F(JoinTest, AJoinWithoutAnAnswerIsNotRepeatedUntilItShowsAnOutcome) {
  service_.on_join = [](FakeService&, const JoinCall&) { return FakeService::Lost(); };
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_IN_DOUBT,
                FailureCode::kJoinAnswerLost);
  for (int restart = 0; restart < 3; ++restart) {  // Each handler is a new process.
    const Result refused = Handler().Run(JoinCommand("cmd-2", "att-2"));
    ExpectFailure(refused, Result::OUTCOME_REJECTED, FailureCode::kJoinStillRunning);
    clock_.Advance(absl::Minutes(5));
  }
  EXPECT_EQ(service_.joins, 1);
  // The slow join ends: the service is there, and nothing is left to do.
  service_.hub_id = "new-id";
  service_.hub_url = kHub;
  service_.connected = true;
  EXPECT_EQ(Handler().Run(JoinCommand("cmd-3", "att-3")).join().effect(),
            v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(service_.joins, 1);
  // Later joins are not held up by it.
  service_.connected = false;
  service_.on_join = nullptr;
  EXPECT_EQ(Handler().Run(JoinCommand("cmd-4", "att-4")).join().effect(),
            v1::JoinResult::EFFECT_REJOINED);
}

// Remedy walked: E-JOIN-STILL-RUNNING
TEST_F(JoinTest, AJoinWithoutAnAnswerIsOverWithARestartOrAfterALongTime) {
  const auto lose = [this] {
    service_.on_join = [](FakeService&, const JoinCall&) { return FakeService::Lost(); };
    (void)Handler().Run(JoinCommand());
    service_.on_join = nullptr;
    ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_REJECTED,
                  FailureCode::kJoinStillRunning);
  };
  lose();
  service_.run_id = "run-after-restart";
  EXPECT_EQ(Handler().Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED);

  for (const absl::Duration step : {absl::ZeroDuration(), -absl::Hours(24), -absl::Hours(9000)}) {
    service_.hub_id.clear();
    service_.hub_url.clear();
    service_.connected = false;
    lose();
    clock_.StepWall(step);  // A clock that is set back neither frees it nor holds it for ever.
    ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_REJECTED,
                  FailureCode::kJoinStillRunning);
    clock_.Advance(kLongestJoin + absl::Seconds(1));
    EXPECT_EQ(Handler().Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED) << step;
  }
}

TEST_F(JoinTest, AnAnswerThatNamesAFailureHoldsNothingUp) {
  service_.on_join = [](FakeService&, const JoinCall&) {
    return JoinAnswer{JoinAnswer::Outcome::kFailed, Failure{FailureCode::kJoinKeyRefused, "no"},
                      ""};
  };
  ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_FAILED, FailureCode::kJoinKeyRefused);
  service_.on_join = nullptr;
  EXPECT_EQ(Handler().Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED);
}

// A note that a crash or a hand has damaged says that nothing is known.
TEST_F(JoinTest, ADamagedNoteIsWaitedForOnce) {
  for (const char* text : {"{", "[]", "nonsense", R"({"begin_us":"x"})"}) {
    std::ofstream(folder_.path() + "/join") << text;
    ExpectFailure(Handler().Run(JoinCommand()), Result::OUTCOME_REJECTED,
                  FailureCode::kJoinStillRunning);
    clock_.Advance(kLongestJoin + absl::Seconds(1));
    EXPECT_EQ(Handler().Run(JoinCommand()).outcome(), Result::OUTCOME_SUCCEEDED) << text;
  }
}

TEST_F(JoinTest, ATakeoverWhoseServiceIsNotRestartedIsAProblem) {
  service_.hub_id = "id";
  service_.hub_url = kOther;
  service_.connected = true;
  service_.restart_failure = absl::FailedPreconditionError("systemctl restart x ended with 5");
  const Result taken = Handler().Run(JoinCommand("c", "a", kHub, true));
  EXPECT_EQ(taken.outcome(), Result::OUTCOME_SUCCEEDED);
  ASSERT_EQ(taken.problems_size(), 1) << taken.ShortDebugString();
  EXPECT_EQ(taken.problems(0).code(), "E-JOIN-RESTART-DUE");
  EXPECT_THAT(taken.problems(0).detail(), testing::HasSubstr("ended with 5"));
  ASSERT_EQ(taken.join().service().problems_size(), 1);
  service_.restart_failure = absl::OkStatus();
  const Result again = Handler().Run(JoinCommand("c2", "a2", kHub));
  EXPECT_EQ(again.problems_size(), 0) << again.ShortDebugString();
  EXPECT_EQ(again.join().service().problems_size(), 0);
}

}  // namespace
}  // namespace muster::worker
