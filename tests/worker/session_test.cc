// The session loop on virtual time: connecting, waiting, commands once, results until acknowledged.
// One file because all of it drives one session through one fixture.
#include "worker/session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/crypto/issue.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/random.h"
#include "proto/rpc/zone_pin.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/worker/failing_journal.h"
#include "tests/worker/fake_handler.h"
#include "tests/worker/fake_transport.h"
#include "tests/worker/memory_journal.h"
#include "tests/worker/session_fixture.h"
#include "tests/worker/worker_fixture.h"

namespace muster::worker {
namespace {

using Kind = v1::WorkerMessage;
using Result = v1::CommandResult;

TEST_F(SessionTest, SaysHelloAfterAJitteredStart) {
  StartSession();
  EXPECT_EQ(transport_.count(), 0u);
  EXPECT_LE(AwaitConnection(), absl::Seconds(3));
  ASSERT_EQ(transport_.last().sent.size(), 1u);
  EXPECT_EQ(transport_.last().sent[0].hello().protocol_revision(), 1);
  EXPECT_EQ(state_, SessionState::kConnecting);
}

TEST_F(SessionTest, BacksOffWhileNobodyAnswersAndResetsAfterAHeartbeat) {
  StartSession();
  AwaitConnection();
  absl::Duration longest;
  for (int i = 0; i < 12; ++i) {
    transport_.last().Break();
    Settle();
    longest = std::max(longest, AwaitConnection());
  }
  EXPECT_GT(longest, absl::Seconds(20));
  EXPECT_LE(longest, absl::Minutes(2));
  transport_.last().SayWelcome(clock_.Now(), Pin(), absl::ZeroDuration());
  Settle();
  Advance(absl::Seconds(31));
  EXPECT_EQ(transport_.last().Count(Kind::kHeartbeat), 1);
  transport_.last().Break();
  Settle();
  EXPECT_LE(AwaitConnection(), absl::Seconds(1));
}

TEST_F(SessionTest, SpreadsItsReturnAfterALostConnection) {
  StartSession();
  absl::Duration longest;
  for (int i = 0; i < 10; ++i) {
    Open();
    Advance(absl::Seconds(31));
    transport_.last().Break();
    Settle();
    const absl::Duration wait = AwaitConnection();
    EXPECT_LE(wait, absl::Seconds(61));
    longest = std::max(longest, wait);
    transport_.last().Break();
    Settle();
  }
  EXPECT_GT(longest, absl::Seconds(20));
}

TEST_F(SessionTest, LeavesAnOrchestratorThatDoesNotWelcome) {
  StartSession();
  AwaitConnection();
  FakeTransport::Connection& silent = transport_.last();
  Advance(absl::Seconds(31));
  EXPECT_FALSE(silent.open);
  AwaitConnection();
  EXPECT_EQ(transport_.count(), 2u);
}

TEST_F(SessionTest, HeartbeatsGoOn) {
  StartSession();
  Open();
  for (int i = 0; i < 300; ++i) Advance(absl::Seconds(1));
  EXPECT_GE(transport_.last().Count(Kind::kHeartbeat), 9);
  EXPECT_LE(transport_.last().Count(Kind::kHeartbeat), 11);
  EXPECT_EQ(transport_.count(), 1u);
}

TEST_F(SessionTest, RunsACommandAndSendsTheResultUntilItIsAcknowledged) {
  StartSession();
  auto& first = Open();
  first.SayCommand(JoinCommand());
  Settle();
  ASSERT_EQ(first.sent.size(), 4u);
  EXPECT_TRUE(first.sent[1].has_ack());
  EXPECT_TRUE(first.sent[2].has_started());
  EXPECT_EQ(first.Results().at(0).outcome(), Result::OUTCOME_SUCCEEDED);

  first.Break();
  Settle();
  auto& second = Open();
  EXPECT_EQ(second.sent[0].hello().journal(0).state(), v1::JournalEntry::STATE_FINISHED);
  ASSERT_EQ(second.Results().size(), 1u);
  second.SayResultAck("cmd-1");
  second.Break();
  Settle();
  auto& third = Open();
  EXPECT_EQ(third.sent[0].hello().journal_size(), 0);
  EXPECT_EQ(third.Results().size(), 0u);
  EXPECT_EQ(join_->runs, 1);
}

TEST_F(SessionTest, DeliveredTwiceIsExecutedOnce) {
  StartSession();
  auto& connection = Open();
  connection.SayCommand(JoinCommand("cmd-1", "att-1"));
  connection.SayCommand(JoinCommand("cmd-1", "att-1"));  // While it waits.
  strand_.RunUntilIdle();
  connection.SayCommand(JoinCommand("cmd-1", "att-2"));  // While it runs.
  Settle();
  connection.SayCommand(JoinCommand("cmd-1", "att-3"));  // After it has finished.
  connection.SayResultAck("cmd-1");
  connection.SayCommand(JoinCommand("cmd-1", "att-4"));  // After it was acknowledged.
  Settle();
  EXPECT_EQ(join_->runs, 1);
  const auto results = connection.Results();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].attempt_id(), "att-2");
  EXPECT_EQ(results[1].attempt_id(), "att-3");
  EXPECT_EQ(results[2].attempt_id(), "att-4");
}

TEST_F(SessionTest, ACommandThatOnlyReadsIsOneAnswerAndInNoJournal) {
  StartSession();
  auto& connection = Open();
  connection.SayCommand(ProbeCommand("cmd-1"));
  strand_.RunUntilIdle();
  EXPECT_TRUE(journal_.Unacknowledged()->empty());
  Settle();
  ASSERT_EQ(connection.sent.size(), 2u);  // Hello and the result.
  EXPECT_EQ(connection.Results().at(0).outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(connection.Results().at(0).command_id(), "cmd-1");
  EXPECT_FALSE(journal_.Find(CommandId("cmd-1"))->has_value());
  connection.Break();
  Settle();
  auto& second = Open();
  EXPECT_EQ(second.sent[0].hello().journal_size(), 0);
  EXPECT_EQ(second.Results().size(), 0u);
}

TEST_F(SessionTest, WhatOnlyReadsAndIsDeliveredTwiceIsRunOnce) {
  StartSession();
  auto& first = Open();
  first.SayCommand(ProbeCommand("cmd-1", "att-1"));
  first.SayCommand(ProbeCommand("cmd-1", "att-2"));  // While it waits or runs.
  strand_.RunUntilIdle();
  first.Break();  // The result is lost on the way.
  Settle();
  auto& second = Open();
  second.SayCommand(ProbeCommand("cmd-1", "att-3"));
  Settle();
  EXPECT_EQ(probe_->runs, 1);
  ASSERT_EQ(second.Results().size(), 1u);
  EXPECT_EQ(second.Results()[0].attempt_id(), "att-3");
  second.SayCommand(ProbeCommand("cmd-2"));
  Settle();
  EXPECT_EQ(probe_->runs, 2);
}

TEST_F(SessionTest, WhatOnlyReadsWaitsForAJoinAndCanBeCanceled) {
  StartSession();
  auto& connection = Open();
  connection.SayCommand(JoinCommand("cmd-1"));
  connection.SayCommand(ProbeCommand("cmd-2"));
  connection.SayCommand(ProbeCommand("cmd-3"));
  connection.SayCancel("cmd-2");
  strand_.RunUntilIdle();
  EXPECT_EQ(probe_->runs, 0);
  Settle();
  EXPECT_EQ(join_->runs, 1);
  EXPECT_EQ(probe_->runs, 1);
  const auto results = connection.Results();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].command_id(), "cmd-2");
  EXPECT_EQ(results[0].failure().code(), "E-DISPATCH-CANCELED");
  EXPECT_EQ(results[1].command_id(), "cmd-1");
  EXPECT_EQ(results[2].command_id(), "cmd-3");
}

TEST_F(SessionTest, KeepsRunningWhileDisconnected) {
  StartSession();
  auto& first = Open();
  first.SayCommand(JoinCommand());
  strand_.RunUntilIdle();
  first.Break();
  strand_.RunUntilIdle();
  AwaitConnection();
  // AwaitConnection has settled the executor; the result came while no session was open.
  auto& second = transport_.last();
  EXPECT_EQ(second.Results().size(), 0u);
  second.SayWelcome(clock_.Now(), Pin());
  Settle();
  EXPECT_EQ(second.Results().size(), 1u);
  EXPECT_EQ(join_->runs, 1);
}

TEST_F(SessionTest, OneCommandAtATimeAndCancelTakesOneOutOfTheQueue) {
  StartSession();
  auto& connection = Open();
  connection.SayCommand(JoinCommand("cmd-1"));
  connection.SayCommand(JoinCommand("cmd-2"));
  connection.SayCommand(JoinCommand("cmd-3"));
  connection.SayCancel("cmd-2");
  connection.SayCancel("cmd-1");  // Runs: is not interrupted.
  strand_.RunUntilIdle();
  EXPECT_EQ(executor_.size(), 1u);
  ASSERT_EQ(connection.Results().size(), 1u);
  EXPECT_EQ(connection.Results()[0].failure().code(), "E-DISPATCH-CANCELED");
  Settle();
  EXPECT_EQ(join_->runs, 2);
  EXPECT_EQ(connection.Results().size(), 3u);
}

TEST_F(SessionTest, AnExpiredOrUnknownCommandIsAnswered) {
  StartSession();
  AwaitConnection();
  auto& connection = transport_.last();
  connection.SayWelcome(clock_.Now(), Pin());
  v1::Command late = JoinCommand("late");
  *late.mutable_time_left() = rpc::ToProto(absl::Minutes(2));
  v1::Command in_time = JoinCommand("in-time");
  *in_time.mutable_time_left() = rpc::ToProto(absl::Minutes(90));
  v1::Command odd = JoinCommand("odd");
  odd.clear_kind();
  connection.SayCommand(JoinCommand("first"));
  connection.SayCommand(late);
  connection.SayCommand(in_time);
  connection.SayCommand(odd);
  strand_.RunUntilIdle();
  clock_.Advance(absl::Minutes(3));  // The first one takes its time.
  Settle();
  connection.SayResultAck("first");
  ASSERT_EQ(connection.Results().size(), 4u);
  EXPECT_EQ(connection.Results()[0].outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(connection.Results()[1].failure().code(), "E-DISPATCH-EXPIRED");
  EXPECT_EQ(connection.Results()[2].outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(connection.Results()[3].failure().code(), "E-DISPATCH-UNSUPPORTED");
  EXPECT_EQ(connection.Results()[3].outcome(), Result::OUTCOME_REJECTED);
}

// Whatever the machine's date says or is set to, a command has the time that it was sent with.
TEST_F(SessionTest, AWrongClockRefusesNothing) {
  for (const absl::Duration step :
       {absl::Hours(1), -absl::Hours(1), absl::Hours(24 * 365), -absl::Hours(24 * 365)}) {
    StartSession();
    AwaitConnection();
    transport_.last().SayWelcome(clock_.Now(), Pin());
    clock_.StepWall(step);
    v1::Command command = JoinCommand(absl::StrCat("cmd ", absl::FormatDuration(step)));
    *command.mutable_time_left() = rpc::ToProto(absl::Minutes(10));
    transport_.last().SayCommand(command);
    Settle();
    ASSERT_EQ(transport_.last().Results().size(), 1u) << step;
    EXPECT_EQ(transport_.last().Results()[0].outcome(), Result::OUTCOME_SUCCEEDED) << step;
    transport_.last().SayResultAck(command.command_id());
    Settle();
    // The heartbeat comes as ever.
    Advance(absl::Seconds(31));
    EXPECT_EQ(transport_.last().Count(Kind::kHeartbeat), 1) << step;
    Crash();
  }
}

// A step that fails in the runner ends the session: nothing is left running that does not run.
TEST_F(SessionTest, AJournalThatFailsAtAnyStepEndsTheWorker) {
  using Step = FailingJournal::Step;
  for (const Step step :
       {Step::kUnacknowledged, Step::kFind, Step::kReceive, Step::kStart, Step::kFinish,
        Step::kAcknowledge, Step::kPrune, Step::kReaddress, Step::kReopen}) {
    FailingJournal journal(step);
    state_ = SessionState::kWaiting;
    StartSession(&journal);
    AwaitConnection();
    if (transport_.count() > 0 && state_ != SessionState::kEnded) {
      transport_.last().SayWelcome(clock_.Now(), Pin());
      Settle();
      journal.armed = true;
      transport_.last().SayCommand(JoinCommand("cmd-1"));
      transport_.last().SayCommand(JoinCommand("cmd-2"));
      Settle();
      transport_.last().SayCommand(JoinCommand("cmd-1", "att-2"));
      transport_.last().SayResultAck("cmd-1");
      Advance(absl::Hours(2));
    }
    if (step != Step::kReopen) {  // Only a command that was not tried is opened again.
      EXPECT_EQ(state_, SessionState::kEnded) << static_cast<int>(step);
      EXPECT_THAT(std::string(end_.message()), testing::HasSubstr("E-WORKER-JOURNAL"));
    }
    bool stopped = false;
    session_->Stop([&stopped] { stopped = true; });
    Settle();
    EXPECT_TRUE(stopped) << "a stop must not wait for a handler that was never called: "
                         << static_cast<int>(step);
    Crash();
  }
}

TEST_F(SessionTest, BeatsFasterWhereIdleConnectionsAreCut) {
  StartSession();
  for (int i = 0; i < 2; ++i) {
    Open();
    Advance(absl::Seconds(12));
    EXPECT_EQ(transport_.last().Count(Kind::kHeartbeat), 0);
    transport_.last().Break();
    Settle();
  }
  Open();
  EXPECT_EQ(rpc::FromProto(transport_.last().sent[0].hello().heartbeat_interval()),
            absl::Seconds(6));
  for (int second = 0; second < 25; ++second) Advance(absl::Seconds(1));
  EXPECT_GE(transport_.last().Count(Kind::kHeartbeat), 3);
}

// A proxy that cuts sessions which did their work must not make the waits grow.
TEST_F(SessionTest, ASessionThatDidItsWorkResetsTheBackOff) {
  StartSession();
  for (int i = 0; i < 12; ++i) {
    AwaitConnection();
    transport_.last().SayWelcome(clock_.Now(), Pin(), absl::ZeroDuration());
    const std::string id = absl::StrCat("cmd-", i);
    transport_.last().SayCommand(JoinCommand(id));
    Settle();
    transport_.last().SayResultAck(id);
    Settle();
    transport_.last().Break();
    Settle();
  }
  EXPECT_LE(AwaitConnection(), absl::Seconds(1));
}

TEST_F(SessionTest, NothingButItsJournalEndsAWorker) {
  StartSession();
  for (const char* code : {"E-CERT-REVOKED", "E-BOOTSTRAP-BANNED", "E-OF-A-NEWER-ONE"}) {
    auto& connection = Open();
    connection.SayGoodbye(code, false);
    connection.Break();
    Settle();
    EXPECT_EQ(state_, SessionState::kWaiting) << code;
    const absl::Duration wait = AwaitConnection();
    EXPECT_GT(wait, absl::Minutes(5)) << code;
    EXPECT_LE(wait, absl::Minutes(13)) << code;
  }
}

TEST_F(SessionTest, ACrashBeforeTheStartIsAnsweredAsNotBegunAndRunsWhenSentAgain) {
  StartSession();
  Open().SayCommand(JoinCommand("cmd-1"));
  transport_.last().SayCommand(JoinCommand("cmd-2"));  // Waits behind the first.
  strand_.RunUntilIdle();
  Crash();
  StartSession();
  auto& connection = Open();
  // The first one ran: it is looked at, not run. The second never began.
  EXPECT_EQ(join_->runs, 0);  // The crash dropped it.
  EXPECT_EQ(join_->recoveries, 1);
  const auto results = connection.Results();
  ASSERT_EQ(results.size(), 2u);
  for (const Result& result : results) {
    if (result.command_id() != "cmd-2") continue;
    EXPECT_EQ(result.outcome(), Result::OUTCOME_REJECTED);
    EXPECT_EQ(result.failure().code(), "E-DISPATCH-NOT-BEGUN");
  }
  connection.SayResultAck("cmd-2");
  connection.SayCommand(JoinCommand("cmd-2", "att-2"));
  Settle();
  EXPECT_EQ(join_->runs, 1);
  EXPECT_EQ(connection.Results().back().attempt_id(), "att-2");
  EXPECT_EQ(connection.Results().back().outcome(), Result::OUTCOME_SUCCEEDED);
}

// The orchestrator may be the one that is wrong: a restored backup ends nobody.
TEST_F(SessionTest, NoRefusalEndsIt) {
  StartSession();
  Open();
  for (const char* code : {"E-CERT-REVOKED", "E-CERT-UNKNOWN", "E-CERT-FOREIGN", "E-CERT-EXPIRED",
                           "E-BOOTSTRAP-BANNED", "E-OF-A-NEWER-ONE"}) {
    transport_.last().SayGoodbye(code, false);
    transport_.last().Break();
    Settle();
    EXPECT_EQ(state_, SessionState::kWaiting) << code;
    EXPECT_FALSE(end_.ok()) << code;
    EXPECT_GT(AwaitConnection(), absl::Minutes(5)) << code;
  }
  transport_.last().SayWelcome(clock_.Now(), Pin());
  Settle();
  EXPECT_EQ(state_, SessionState::kOpen);
  EXPECT_TRUE(end_.ok());
}

TEST_F(SessionTest, ANewIdentityIsUsedWithoutARestart) {
  StartSession();
  AwaitConnection();
  transport_.last().Break(FailureStatus(FailureCode::kCertRevoked, "evicted"));
  Settle();
  Advance(absl::Minutes(2));
  EXPECT_EQ(transport_.count(), 1u);
  replaced_ = SessionIdentity{Pin("https://new.example"), authority_.ca_pem()};
  EXPECT_LE(AwaitConnection(), absl::Seconds(30));
  EXPECT_EQ(transport_.last().sent[0].hello().zone_pin().hub_url(), "https://new.example");
}

// TLS closes the connection without a word: the worker's own certificate tells.
TEST_F(SessionTest, AnExpiredCertificateIsRecognizedByItsDates) {
  StartSession();
  AwaitConnection();
  own_problem_ = Failure{FailureCode::kCertExpired, "yesterday"};
  transport_.last().Break(absl::UnavailableError("Socket closed"));
  Settle();
  EXPECT_EQ(FailureCodeOf(end_), FailureCode::kCertExpired);
  EXPECT_GT(AwaitConnection(), absl::Minutes(5));
}

TEST_F(SessionTest, ANewerSignedPinIsTakenWhileConnected) {
  StartSession();
  auto& connection = Open();
  const auto offer = [&](v1::ZonePin pin) {
    v1::OrchestratorMessage message;
    *message.mutable_zone_pin() = std::move(pin);
    connection.Say(std::move(message));
    Settle();
    return connection.sent.back().zone_pin_held();
  };
  EXPECT_EQ(offer(authority_.SignedPin("https://b.example", 2)).problem(), "");
  EXPECT_EQ(held_pin_.hub_url(), "https://b.example");
  EXPECT_EQ(join_->pin.hub_url(), "https://b.example");
  // Never back, nor to another word of the same version, nor without the signature.
  EXPECT_THAT(offer(authority_.SignedPin("https://a.example", 1)).problem(),
              testing::HasSubstr("not newer"));
  EXPECT_NE(offer(authority_.SignedPin("https://c.example", 2)).problem(), "");
  v1::ZonePin forged = authority_.SignedPin("https://c.example", 3);
  forged.set_hub_url("https://evil.example");
  EXPECT_THAT(offer(forged).problem(), testing::HasSubstr("signature"));
  EXPECT_EQ(offer(PinAuthority().SignedPin("https://evil.example", 9)).zone_pin().hub_url(),
            "https://b.example");
  keep_ = absl::ResourceExhaustedError("disk full");
  EXPECT_THAT(offer(authority_.SignedPin("https://d.example", 4)).problem(),
              testing::HasSubstr("disk full"));
  EXPECT_EQ(held_pin_.hub_url(), "https://b.example");
  EXPECT_EQ(state_, SessionState::kOpen);
  // And back by a higher version.
  keep_ = absl::OkStatus();
  EXPECT_EQ(offer(authority_.SignedPin(kHub, 5)).problem(), "");
  EXPECT_EQ(held_pin_.hub_url(), kHub);
  // Whom the worker believes to be the service is the authority's word as well.
  v1::ZonePin widened = authority_.SignedPin(kHub, 6);
  widened.set_service_account("thief");
  EXPECT_THAT(offer(widened).problem(), testing::HasSubstr("signature"));
  v1::ZonePin renamed = authority_.SignedPin(kHub, 6, "certify");
  renamed.set_service_account("thief");
  EXPECT_THAT(offer(renamed).problem(), testing::HasSubstr("signature"));
  renamed.set_service_account("");
  EXPECT_THAT(offer(renamed).problem(), testing::HasSubstr("signature"));
  EXPECT_EQ(offer(authority_.SignedPin(kHub, 6, "certify")).problem(), "");
  EXPECT_EQ(held_pin_.service_account(), "certify");
  EXPECT_EQ(offer(authority_.SignedPin(kHub, 7)).problem(), "");
  EXPECT_EQ(held_pin_.service_account(), "");
}

// A zone that takes the permission back reaches whoever is enrolled: connected, and at the next Welcome.
// Nobody gives it without the signature.
TEST_F(SessionTest, ThePermissionToJoinByCommandLineIsThePinsOfNow) {
  StartSession();
  auto& connection = Open();
  const auto offer = [](FakeTransport::Connection& to, v1::ZonePin pin) {
    v1::OrchestratorMessage message;
    *message.mutable_zone_pin() = std::move(pin);
    to.Say(std::move(message));
  };
  offer(connection, authority_.SignedPin(kHub, 2, /*allow_cli=*/true));
  Settle();
  EXPECT_TRUE(join_->pin.allow_cli_join());
  offer(connection, authority_.SignedPin(kHub, 3));
  Settle();
  EXPECT_FALSE(join_->pin.allow_cli_join());
  EXPECT_FALSE(held_pin_.allow_cli_join());
  v1::ZonePin forged = authority_.SignedPin(kHub, 4);
  forged.set_allow_cli_join(true);
  offer(connection, forged);
  offer(connection, authority_.SignedPin(kHub, 2, /*allow_cli=*/true));  // The one of before.
  Settle();
  EXPECT_FALSE(join_->pin.allow_cli_join());
  connection.Break();
  Settle();
  AwaitConnection();
  transport_.last().SayWelcome(clock_.Now(), authority_.SignedPin(kHub, 5, /*allow_cli=*/true));
  Settle();
  EXPECT_TRUE(join_->pin.allow_cli_join());
  transport_.last().Break();
  Settle();
  AwaitConnection();
  transport_.last().SayWelcome(clock_.Now(), authority_.SignedPin(kHub, 6));
  Settle();
  EXPECT_FALSE(join_->pin.allow_cli_join());
}

TEST_F(SessionTest, ARefusedIdentityKnocksSeldom) {
  StartSession();
  AwaitConnection();
  transport_.last().Break(FailureStatus(FailureCode::kCertRevoked, "evicted"));
  Settle();
  EXPECT_GT(AwaitConnection(), absl::Minutes(5));
  transport_.last().Break(FailureStatus(FailureCode::kDispatchNotAdmitted, "waits"));
  Settle();
  EXPECT_LE(AwaitConnection(), absl::Minutes(2));
}

TEST_F(SessionTest, AnOrderlyGoodbyeLeadsBack) {
  StartSession();
  auto& connection = Open();
  connection.SayGoodbye("", true);
  connection.Break();
  Settle();
  EXPECT_LE(AwaitConnection(), absl::Seconds(62));
  EXPECT_EQ(transport_.count(), 2u);
}

TEST_F(SessionTest, AnotherHubWithoutASignatureIsNotTakenAndIsTold) {
  StartSession();
  AwaitConnection();
  transport_.last().SayWelcome(clock_.Now(), Pin("https://evil.example"));
  Settle();
  EXPECT_EQ(state_, SessionState::kOpen);
  EXPECT_EQ(held_pin_.hub_url(), kHub);
  EXPECT_EQ(transport_.last().Count(Kind::kZonePinHeld), 1);
}

TEST_F(SessionTest, AnotherZoneIsLeftAndTriedAgainSeldom) {
  StartSession();
  AwaitConnection();
  v1::ZonePin other = Pin();
  other.set_zone_id("other/prod");
  transport_.last().SayWelcome(clock_.Now(), other);
  transport_.last().SayCommand(JoinCommand());
  Settle();
  EXPECT_EQ(FailureCodeOf(end_), FailureCode::kJoinZoneMismatch);
  EXPECT_EQ(join_->runs, 0);
  EXPECT_GT(AwaitConnection(), absl::Minutes(4));
  const v1::Hello& hello = transport_.last().sent[0].hello();
  ASSERT_EQ(hello.problems_size(), 1);
  EXPECT_EQ(hello.problems(0).code(), "E-JOIN-ZONE-MISMATCH");
  transport_.last().SayWelcome(clock_.Now(), Pin());
  Settle();
  EXPECT_EQ(state_, SessionState::kOpen);
}

TEST_F(SessionTest, ACommandBeforeWelcomeIsNotRun) {
  StartSession();
  AwaitConnection();
  transport_.last().SayCommand(JoinCommand());
  Settle();
  EXPECT_EQ(join_->runs, 0);
  EXPECT_FALSE(transport_.last().open);
}

TEST_F(SessionTest, ReconnectWaitsForTheCommandThatRuns) {
  StartSession();
  auto& first = Open();
  first.SayCommand(JoinCommand());
  strand_.RunUntilIdle();
  session_->Reconnect(authority_.ca_pem());
  strand_.RunUntilIdle();
  EXPECT_TRUE(first.open);
  Settle();
  EXPECT_FALSE(first.open);
  AwaitConnection();
  EXPECT_EQ(transport_.count(), 2u);
}

TEST_F(SessionTest, StopWaitsForTheHandlerAndDoesNotRecordItsResult) {
  StartSession();
  Open().SayCommand(JoinCommand());
  strand_.RunUntilIdle();
  bool stopped = false;
  session_->Stop([&stopped] { stopped = true; });
  strand_.RunUntilIdle();
  EXPECT_FALSE(stopped);
  Settle();
  Advance(absl::Seconds(1));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(journal_.Find(CommandId("cmd-1"))->value().state, JournalState::kRunning);
}

}  // namespace
}  // namespace muster::worker
