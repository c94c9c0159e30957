// The whole worker: enroll, run, join, over real gRPC with mutual TLS, against the doubles of
// service and hub. The joining secret and the bootstrap token are looked for wherever they must
// not be.
#include "worker/app/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/time/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/secure_random.h"
#include "base/crypto/tls_look.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/mutex.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/joining_secret.h"
#include "proto/rpc/token_file.h"
#include "tests/doubles/doubles_fixture.h"
#include "tests/worker/fake_handler.h"
#include "tests/worker/fake_orchestrator.h"
#include "tests/worker/memory_journal.h"
#include "tests/worker/worker_fixture.h"
#include "worker/app/commands.h"
#include "worker/identity/enroll.h"
#include "worker/identity/state_directory.h"
#include "worker/rpc/grpc_bootstrap_client.h"
#include "worker/rpc/grpc_session_transport.h"

namespace muster::worker {
namespace {

using Result = v1::CommandResult;

class WorkerTest : public doubles::DoublesTest {
 protected:
  WorkerTest() {
    log::SetSinkForTesting([this](absl::string_view line) {
      MutexLock lock(&log_mu_);
      absl::StrAppend(&log_, line, "\n");
    });
    doubles::HubOptions options;
    hub_ = StartHub(std::move(options));
    fleet_ = StartFleet(1);
    orchestrator_ = std::make_unique<FakeOrchestrator>(Pin(hub_->url()));
    data_dir_ = Folder() + "/worker";
  }
  ~WorkerTest() override {
    worker_.reset();
    log::SetSinkForTesting(nullptr);
  }

  int EnrollByCommandLine() {
    const std::string token = Folder() + "/token";
    std::ofstream(token) << rpc::FormatTokenFile(orchestrator_->token());
    const int code = RunEnroll({.token_file = token, .data_dir = data_dir_});
    std::filesystem::remove(token);
    return code;
  }
  void StartWorker() {
    auto worker = Worker::Open(runtime_, {.data_dir = data_dir_,
                                          .app_data_folder = Folder() + "/SIM-0001",
                                          .start_spread = absl::ZeroDuration()});
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = *std::move(worker);
    worker_->Start();
  }
  v1::Command Command(const std::string& id) {
    v1::Command command = JoinCommand(id, "att-1", hub_->url());
    command.mutable_join()->set_sealed_joining_secret(doubles::kJoinSecret);
    return command;
  }
  std::string Log() {
    MutexLock lock(&log_mu_);
    return log_;
  }

  Mutex log_mu_;
  std::string log_ ABSL_GUARDED_BY(log_mu_);
  std::unique_ptr<doubles::HubDouble> hub_;
  std::unique_ptr<doubles::ServiceFleet> fleet_;
  std::unique_ptr<FakeOrchestrator> orchestrator_;
  std::string data_dir_;
  Runtime runtime_{{.strands = 1, .blocking_threads = 4}};
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, EnrollsRunsAndJoins) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(1));
  orchestrator_->SendCommand(Command("cmd-1"));
  const auto joined = orchestrator_->AwaitResult("cmd-1");
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->outcome(), Result::OUTCOME_SUCCEEDED) << joined->ShortDebugString();
  EXPECT_EQ(joined->join().service().hub_instance_id(), fleet_->service(0).State().hub_id);
  EXPECT_TRUE(fleet_->service(0).connected());

  // Across a lost connection.
  orchestrator_->EndSession();
  ASSERT_TRUE(orchestrator_->AwaitSessions(2));
  orchestrator_->SendCommand(Command("cmd-2"));
  const auto again = orchestrator_->AwaitResult("cmd-2");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->join().effect(), v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(fleet_->service(0).Counters().joins, 1);

  // Across a restart of the worker.
  worker_->Stop();
  worker_.reset();
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(3));
  orchestrator_->SendCommand(Command("cmd-1"));
  orchestrator_->SendCommand(ProbeCommand("cmd-3"));
  const auto probe = orchestrator_->AwaitResult("cmd-3");
  ASSERT_TRUE(probe.has_value());
  EXPECT_TRUE(probe->probe().service().hub_connected());
  EXPECT_EQ(fleet_->service(0).Counters().joins, 1);
}

TEST_F(WorkerTest, NoSecretIsLeftAnywhere) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(1));
  // The service's answer holds the secret in clear (certify.md 1.5, 401 without a body).
  doubles::FaultRule leak;
  leak.path = "register";
  leak.answer = *doubles::CannedResponse("401-empty");
  hub_->AddFault(leak);
  orchestrator_->SendCommand(Command("cmd-1"));
  const auto refused = orchestrator_->AwaitResult("cmd-1");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->failure().code(), "E-JOIN-KEY-REFUSED");
  EXPECT_THAT(refused->failure().detail(), testing::HasSubstr("[redacted]"));
  orchestrator_->SendCommand(Command("cmd-2"));
  const auto joined = orchestrator_->AwaitResult("cmd-2");
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->outcome(), Result::OUTCOME_SUCCEEDED);
  worker_->Stop();
  worker_.reset();
  const std::string log = Log();
  EXPECT_FALSE(log.empty());
  for (const std::string& secret :
       {std::string(doubles::kJoinSecret), orchestrator_->token().secret()}) {
    EXPECT_FALSE(FilesHold(data_dir_, secret));
    EXPECT_EQ(log.find(secret), std::string::npos);
    EXPECT_EQ(refused->SerializeAsString().find(secret), std::string::npos);
    EXPECT_EQ(joined->SerializeAsString().find(secret), std::string::npos);
  }
}

// Remedy walked: E-DISPATCH-UNSEALABLE
TEST_F(WorkerTest, AJoiningKeySealedToAnotherIsRefusedAndTakenWhenItIsSealedAgain) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(1));
  v1::Command command = Command("cmd-1");
  ASSERT_TRUE(rpc::SealJoiningSecret(crypto::PrivateKey::Generate()->public_key(),
                                     Secret::CopyOf(doubles::kJoinSecret), crypto::SecureRandom(),
                                     command)
                  .ok());
  v1::OrchestratorMessage message;
  *message.mutable_command() = command;
  orchestrator_->Send(message);
  const auto refused = orchestrator_->AwaitResult("cmd-1");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->outcome(), Result::OUTCOME_REJECTED);
  EXPECT_EQ(refused->failure().code(), "E-DISPATCH-UNSEALABLE");
  EXPECT_EQ(fleet_->service(0).Counters().joins, 0);
  orchestrator_->SendCommand(Command("cmd-2"));
  const auto joined = orchestrator_->AwaitResult("cmd-2");
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->outcome(), Result::OUTCOME_SUCCEEDED) << joined->ShortDebugString();
}

TEST_F(WorkerTest, StoppedInTheMiddleOfAJoinItLooksAndDoesNotRepeat) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(1));
  doubles::FaultRule hold;
  hold.path = "hub/join";
  hold.kind = doubles::FaultRule::Kind::kHoldAnswer;
  fleet_->service(0).AddFault(hold);
  orchestrator_->SendCommand(Command("cmd-1"));
  ASSERT_TRUE(fleet_->Await(
      [](doubles::ServiceFleet& fleet) { return !fleet.service(0).state().hub_id.empty(); }));
  worker_->Stop();  // Breaks the call off.
  worker_.reset();
  StartWorker();
  const auto result = orchestrator_->AwaitResult("cmd-1");
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome(), Result::OUTCOME_SUCCEEDED) << result->ShortDebugString();
  EXPECT_EQ(fleet_->service(0).Counters().joins, 1);
  EXPECT_EQ(hub_->Counters().records_created, 1);
  fleet_->service(0).Release();
}

TEST_F(WorkerTest, TwoProcessesOnOneDirectoryAreRefused) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  const auto second = Worker::Open(runtime_, {.data_dir = data_dir_});
  EXPECT_EQ(FailureCodeOf(second.status()), FailureCode::kSystemDataDirBusy);
}

TEST_F(WorkerTest, ARunWithoutEnrollmentSaysSo) {
  EXPECT_EQ(FailureCodeOf(Worker::Open(runtime_, {.data_dir = data_dir_}).status()),
            FailureCode::kWorkerNotEnrolled);
  EXPECT_EQ(RunStatus(data_dir_), kExitUsage);
}

TEST_F(WorkerTest, ARenewalTakesEffectWithoutLosingTheWorker) {
  // Past two thirds of its life: due within two minutes of a start, so it is asked for directly.
  const auto key = *crypto::PrivateKey::Generate();
  GrpcBootstrapClient client(orchestrator_->bootstrap_address(),
                             orchestrator_->token().ca_bundle_pem());
  auto identity =
      RequestIdentity(client, key, {.token = orchestrator_->token(), .now = absl::Now()});
  ASSERT_TRUE(identity.ok()) << identity.status();
  GrpcSessionTransport transport(orchestrator_->session_address(), identity->Clone());
  Mutex mu;
  std::optional<absl::StatusOr<v1::RenewResponse>> answer;
  v1::RenewRequest request;
  request.set_certificate_request_pem(*crypto::CertificateRequest::Create(key, "w"));
  transport.Renew(request, [&](absl::StatusOr<v1::RenewResponse> response) {
    MutexLock lock(&mu);
    answer = std::move(response);
  });
  MutexLock lock(&mu);
  const auto there = [&answer] { return answer.has_value(); };
  ASSERT_TRUE(mu.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(20)));
  ASSERT_TRUE(answer->ok()) << answer->status();
  EXPECT_TRUE(CheckCertificate((*answer)->certificate_pem(), (*answer)->ca_bundle_pem(),
                               key.public_key(), kZone, identity->server_id, absl::Now())
                  .ok());
}

// As a machine meets an orchestrator when its clock is wrong: hours and years, both ways.
TEST_F(WorkerTest, AnEnrollmentUnderAWrongClockNamesTheClock) {
  struct Case {
    absl::Duration begins;
    absl::Duration ends;
    const char* says;
  };
  for (const Case& c :
       {Case{absl::Hours(3), absl::Hours(24 * 90), "behind the orchestrator's"},
        Case{absl::Hours(24 * 800), absl::Hours(24 * 890), "days behind the orchestrator's"},
        Case{-absl::Hours(24 * 90), -absl::Hours(2), "ahead of the orchestrator's"},
        Case{-absl::Hours(24 * 890), -absl::Hours(24 * 800), "days ahead"}}) {
    FakeOrchestrator orchestrator(Pin(), c.begins, c.ends);
    GrpcBootstrapClient client(orchestrator.bootstrap_address(), orchestrator.authority().ca_pem());
    const auto answer = client.Enroll({});
    EXPECT_EQ(FailureCodeOf(answer.status()), FailureCode::kClockSkew) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), testing::HasSubstr(c.says));
    EXPECT_EQ(orchestrator.enrolls(), 0) << "nothing was sent";
  }
  // Another authority is still the pin's matter, in date or not.
  FakeOrchestrator other(Pin(), absl::Hours(3), absl::Hours(9));
  const auto foreign =
      GrpcBootstrapClient(other.bootstrap_address(), orchestrator_->authority().ca_pem())
          .Enroll({});
  EXPECT_EQ(FailureCodeOf(foreign.status()), FailureCode::kBootstrapPinMismatch)
      << foreign.status();
}

TEST_F(WorkerTest, ASessionUnderAWrongClockNamesTheClock) {
  const auto seen_by = [](FakeOrchestrator& orchestrator) {
    const auto key = *crypto::PrivateKey::Generate();
    Identity identity;
    identity.ca_bundle_pem = orchestrator.authority().ca_pem();
    identity.certificate_pem = orchestrator.authority().IssueWorker(
        *crypto::CertificateRequest::Create(key, "w"), "muster://acme/prod/srv-test");
    identity.private_key_pem = *key.ToPem();
    GrpcSessionTransport transport(orchestrator.session_address(), std::move(identity));
    return transport.LookAtPeer(absl::Now())();
  };
  EXPECT_FALSE(seen_by(*orchestrator_).has_value()) << "nothing is wrong";
  FakeOrchestrator ended(Pin(), -absl::Hours(24 * 90), -absl::Minutes(30));
  const auto seen = seen_by(ended);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->code, FailureCode::kClockSkew);
  EXPECT_THAT(seen->detail, testing::HasSubstr("ahead of the orchestrator's"));
}

// The orchestrator judges our certificate by its clock, and does not say a word.
TEST_F(WorkerTest, ARefusalOfTheOwnCertificateIsSeen) {
  const auto key = *crypto::PrivateKey::Generate();
  const std::string ended =
      orchestrator_->authority().IssueWorker(*crypto::CertificateRequest::Create(key, "w"),
                                             "muster://acme/prod/srv-test", -absl::Minutes(1));
  crypto::TlsLookOptions options{.address = orchestrator_->session_address(),
                                 .server_name = rpc::kOrchestratorName};
  options.certificate_pem = ended;
  options.private_key_pem = *key.ToPem();
  const auto look = crypto::LookAtTlsPeer(options);
  ASSERT_TRUE(look.ok()) << look.status();
  EXPECT_TRUE(look->ended);
  ASSERT_GE(look->chain.size(), 1u);
  EXPECT_EQ(look->chain[0].subject_common_name(), "orchestrator");
}

TEST_F(WorkerTest, NobodyAndWhatIsNoTlsIsSeen) {
  crypto::TlsLookOptions options{.address = "127.0.0.1:1", .server_name = "x"};
  EXPECT_TRUE(absl::IsUnavailable(crypto::LookAtTlsPeer(options).status()));
  // The hub's double speaks plain HTTP.
  const std::string url = hub_->url();
  options.address = url.substr(url.find("//") + 2);
  options.timeout = absl::Seconds(1);
  const auto look = crypto::LookAtTlsPeer(options);
  ASSERT_TRUE(look.ok()) << look.status();
  EXPECT_TRUE(look->chain.empty());
}

TEST_F(WorkerTest, AReloadTakesTheFilesThatWerePutThere) {
  ASSERT_EQ(EnrollByCommandLine(), kExitStopped);
  StartWorker();
  ASSERT_TRUE(orchestrator_->AwaitSessions(1));
  worker_->Reload();  // Nothing is new.
  const auto directory = StateDirectory::Open(data_dir_);
  auto identity = *directory->LoadIdentity();
  const auto key = *crypto::PrivateKey::FromPem(identity.private_key_pem);
  const std::string fresh = orchestrator_->authority().IssueWorker(
      *crypto::CertificateRequest::Create(key, "w"),
      absl::StrCat("muster://", kZone, "/", identity.server_id.value()), absl::Hours(24 * 60));
  // Damaged files are said, and change nothing.
  ASSERT_TRUE(directory->SaveCertificate("no certificate", identity.ca_bundle_pem).ok());
  worker_->Reload();
  ASSERT_TRUE(directory->SaveCertificate(fresh, identity.ca_bundle_pem).ok());
  worker_->Reload();
  ASSERT_TRUE(orchestrator_->AwaitSessions(2));
  worker_->Stop();
  EXPECT_THAT(Log(), testing::HasSubstr("this worker has another identity now"));
}

TEST_F(WorkerTest, ManyWorkersShareAFewThreads) {
  constexpr int kWorkers = 50;
  GrpcBootstrapClient client(orchestrator_->bootstrap_address(),
                             orchestrator_->token().ca_bundle_pem());
  const auto key = *crypto::PrivateKey::Generate();
  auto identity =
      RequestIdentity(client, key, {.token = orchestrator_->token(), .now = absl::Now()});
  ASSERT_TRUE(identity.ok()) << identity.status();
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < kWorkers; ++i) {
    WorkerParts parts;
    parts.identity = identity->Clone();
    parts.journal = std::make_unique<MemoryJournal>(/*keep_acknowledged=*/false);
    parts.handlers.push_back(std::make_unique<FakeHandler>(v1::Command::kProbe, /*blocks=*/false));
    workers.push_back(Worker::Create(runtime_, std::move(parts)));
    workers.back()->Start();
  }
  ASSERT_TRUE(orchestrator_->AwaitSessions(kWorkers));
  orchestrator_->SendCommand(ProbeCommand("cmd-1"));
  EXPECT_TRUE(orchestrator_->AwaitResult("cmd-1").has_value());
  for (auto& worker : workers) worker->Stop();
}

}  // namespace
}  // namespace muster::worker
