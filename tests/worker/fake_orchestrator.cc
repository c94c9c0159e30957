#include "tests/worker/fake_orchestrator.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/mutex.h"
#include "base/random.h"
#include "muster/worker/v1/bootstrap.grpc.pb.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/joining_secret.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"

namespace muster::worker {
namespace {

constexpr char kServerId[] = "srv-test";
constexpr absl::Duration kPatience = absl::Seconds(20);

crypto::Certificate MakeRoot(const crypto::PrivateKey& key) {
  return *crypto::SelfSign(key,
                           {.subject_common_name = "test root",
                            .not_before = absl::Now() - absl::Hours(24 * 3650),
                            .not_after = absl::Now() + absl::Hours(24 * 3650),
                            .is_ca = true},
                           SystemRandom());
}

}  // namespace

TestAuthority::TestAuthority() : key_(*crypto::PrivateKey::Generate()), root_(MakeRoot(key_)) {}

std::string TestAuthority::IssueWorker(const std::string& request_pem, const std::string& uri,
                                       absl::Duration life) const {
  const auto request = crypto::CertificateRequest::FromPem(request_pem);
  EXPECT_TRUE(request.ok()) << request.status();
  return crypto::IssueCertificate(root_, key_, request->public_key(),
                                  {.subject_common_name = "worker",
                                   .uri_sans = {uri},
                                   .not_before = absl::Now() - absl::Minutes(5),
                                   .not_after = absl::Now() + life,
                                   .client = true},
                                  SystemRandom())
      ->ToPem();
}

TestAuthority::Server TestAuthority::IssueServer(absl::Duration begins, absl::Duration ends) const {
  const auto key = *crypto::PrivateKey::Generate();
  const auto certificate = *crypto::IssueCertificate(root_, key_, key.public_key(),
                                                     {.subject_common_name = "orchestrator",
                                                      .dns_sans = {rpc::kOrchestratorName},
                                                      .not_before = absl::Now() + begins,
                                                      .not_after = absl::Now() + ends,
                                                      .server = true},
                                                     SystemRandom());
  return {certificate.ToPem(), std::string(key.ToPem()->Reveal())};
}

// What the two services share with the test.
struct FakeOrchestrator::State {
  class Reactor;
  class BootstrapService final : public v1::Bootstrap::CallbackService {
   public:
    explicit BootstrapService(State& state) : state_(state) {}
    grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                     const v1::EnrollRequest* request,
                                     v1::EnrollResponse* response) override {
      auto* reactor = context->DefaultReactor();
      reactor->Finish(rpc::ToGrpcStatus(state_.Enroll(*request, *response)));
      return reactor;
    }

   private:
    State& state_;
  };
  class SessionService final : public v1::Session::CallbackService {
   public:
    explicit SessionService(State& state) : state_(state) {}
    grpc::ServerBidiReactor<v1::WorkerMessage, v1::OrchestratorMessage>* Connect(
        grpc::CallbackServerContext* context) override;
    grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                    const v1::RenewRequest* request,
                                    v1::RenewResponse* response) override {
      response->set_certificate_pem(
          state_.authority.IssueWorker(request->certificate_request_pem(), state_.Uri()));
      response->set_ca_bundle_pem(state_.authority.ca_pem());
      auto* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }

   private:
    State& state_;
  };

  absl::Status Enroll(const v1::EnrollRequest& request, v1::EnrollResponse& response) {
    MutexLock lock(&mu);
    ++enrolls;
    if (!enroll_fault.ok()) return enroll_fault;
    response.set_server_id(kServerId);
    response.set_certificate_pem(authority.IssueWorker(request.certificate_request_pem(), Uri()));
    response.set_ca_bundle_pem(authority.ca_pem());
    *response.mutable_zone_pin() = pin;
    response.set_session_address(session_address);
    response.set_admitted(true);
    if (std::exchange(lose_answer, false)) return absl::UnavailableError("lost");
    return absl::OkStatus();
  }
  std::string Uri() const { return absl::StrCat("muster://", pin.zone_id(), "/", kServerId); }

  TestAuthority authority;
  v1::ZonePin pin;
  std::string bootstrap_address;
  std::string session_address;
  Mutex mu;
  absl::Status enroll_fault ABSL_GUARDED_BY(mu);
  bool lose_answer ABSL_GUARDED_BY(mu) = false;
  int enrolls ABSL_GUARDED_BY(mu) = 0;
  int sessions ABSL_GUARDED_BY(mu) = 0;
  Reactor* newest ABSL_GUARDED_BY(mu) = nullptr;
  std::map<std::string, v1::CommandResult> results ABSL_GUARDED_BY(mu);
  BootstrapService bootstrap_service{*this};
  SessionService session_service{*this};
  std::unique_ptr<grpc::Server> bootstrap_server;
  std::unique_ptr<grpc::Server> session_server;
};

class FakeOrchestrator::State::Reactor final
    : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::OrchestratorMessage> {
 public:
  Reactor(State& state, crypto::PublicKey key) : state_(state), key_(std::move(key)) {
    StartRead(&in_);
  }
  const crypto::PublicKey& key() const { return key_; }  // Of the worker's certificate.
  void Send(v1::OrchestratorMessage message) {
    MutexLock lock(&mu_);
    if (finished_) return;
    out_.push_back(std::move(message));
    if (out_.size() == 1) StartWrite(&out_.front());
  }
  void End(const grpc::Status& status) {
    MutexLock lock(&mu_);
    if (std::exchange(finished_, true)) return;
    finish_with_ = status;
    if (out_.empty()) Finish(finish_with_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    if (in_.has_hello()) {
      v1::OrchestratorMessage message;
      *message.mutable_welcome()->mutable_server_time() = rpc::ToProto(absl::Now());
      *message.mutable_welcome()->mutable_heartbeat_interval() = rpc::ToProto(absl::Seconds(30));
      *message.mutable_welcome()->mutable_zone_pin() = state_.pin;
      Send(std::move(message));
      MutexLock lock(&state_.mu);
      ++state_.sessions;
      state_.newest = this;
    }
    if (in_.has_result()) {
      v1::OrchestratorMessage message;
      message.mutable_result_ack()->set_command_id(in_.result().command_id());
      Send(std::move(message));
      MutexLock lock(&state_.mu);
      state_.results[in_.result().command_id()] = in_.result();
    }
    in_.Clear();
    StartRead(&in_);
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(&mu_);
    out_.pop_front();
    if (ok && !out_.empty()) return StartWrite(&out_.front());
    if (finished_) Finish(finish_with_);
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    {
      MutexLock lock(&state_.mu);
      if (state_.newest == this) state_.newest = nullptr;
    }
    delete this;
  }

  State& state_;
  const crypto::PublicKey key_;
  v1::WorkerMessage in_;
  Mutex mu_;
  std::deque<v1::OrchestratorMessage> out_ ABSL_GUARDED_BY(mu_);
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status finish_with_ ABSL_GUARDED_BY(mu_);
};

grpc::ServerBidiReactor<v1::WorkerMessage, v1::OrchestratorMessage>*
FakeOrchestrator::State::SessionService::Connect(grpc::CallbackServerContext* context) {
  const auto pem = context->auth_context()->FindPropertyValues("x509_pem_cert").front();
  const auto certificate = crypto::Certificate::FromPem(std::string(pem.data(), pem.size()));
  return new Reactor(state_, certificate->public_key());
}

FakeOrchestrator::FakeOrchestrator(v1::ZonePin pin, absl::Duration begins, absl::Duration ends)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.pin = std::move(pin);
  const auto serve = [&](grpc::Service& service,
                         const std::shared_ptr<grpc::ServerCredentials>& credentials,
                         std::string& address) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
    builder.RegisterService(&service);
    rpc::ConfigureServer(builder);
    auto server = builder.BuildAndStart();
    address = absl::StrCat("127.0.0.1:", port);
    return server;
  };
  const TestAuthority::Server own = state.authority.IssueServer(begins, ends);
  const rpc::TlsServerIdentity identity{own.certificate_pem, Secret::CopyOf(own.key_pem)};
  state.session_server = serve(state.session_service,
                               rpc::MutualTlsServerCredentials(identity, state.authority.ca_pem()),
                               state.session_address);
  state.bootstrap_server =
      serve(state.bootstrap_service, rpc::TlsServerCredentials(identity), state.bootstrap_address);
}

FakeOrchestrator::~FakeOrchestrator() {
  EndSession();
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(5);
  state_->bootstrap_server->Shutdown(deadline);
  state_->session_server->Shutdown(deadline);
}

std::string FakeOrchestrator::bootstrap_address() const { return state_->bootstrap_address; }
std::string FakeOrchestrator::session_address() const { return state_->session_address; }
const TestAuthority& FakeOrchestrator::authority() const { return state_->authority; }

v1::TokenFile FakeOrchestrator::token() const {
  v1::TokenFile token;
  token.set_secret("bootstrap-token-secret");
  token.set_bootstrap_address(state_->bootstrap_address);
  token.set_ca_bundle_pem(state_->authority.ca_pem());
  token.set_zone_id(state_->pin.zone_id());
  return token;
}

void FakeOrchestrator::SetEnrollFault(absl::Status status) {
  MutexLock lock(&state_->mu);
  state_->enroll_fault = std::move(status);
}
void FakeOrchestrator::LoseNextEnrollAnswer() {
  MutexLock lock(&state_->mu);
  state_->lose_answer = true;
}
int FakeOrchestrator::enrolls() const {
  MutexLock lock(&state_->mu);
  return state_->enrolls;
}

bool FakeOrchestrator::AwaitSessions(int count) {
  State& state = *state_;
  MutexLock lock(&state.mu);
  const auto enough = [&state, count]()
                          ABSL_NO_THREAD_SAFETY_ANALYSIS { return state.sessions >= count; };
  return state.mu.AwaitWithTimeout(absl::Condition(&enough), kPatience);
}

void FakeOrchestrator::Send(const v1::OrchestratorMessage& message) {
  MutexLock lock(&state_->mu);
  if (state_->newest != nullptr) state_->newest->Send(message);
}

void FakeOrchestrator::SendCommand(const v1::Command& command) {
  v1::OrchestratorMessage message;
  *message.mutable_command() = command;
  if (command.has_join()) {
    MutexLock lock(&state_->mu);
    if (state_->newest == nullptr) return;
    const Secret secret = Secret::CopyOf(command.join().sealed_joining_secret());
    EXPECT_TRUE(rpc::SealJoiningSecret(state_->newest->key(), secret, crypto::SecureRandom(),
                                       *message.mutable_command())
                    .ok());
  }
  Send(message);
}

std::optional<v1::CommandResult> FakeOrchestrator::AwaitResult(const std::string& command_id) {
  State& state = *state_;
  MutexLock lock(&state.mu);
  const auto there = [&state, &command_id]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return state.results.count(command_id) > 0;
  };
  if (!state.mu.AwaitWithTimeout(absl::Condition(&there), kPatience)) return std::nullopt;
  return state.results[command_id];
}

void FakeOrchestrator::EndSession(const absl::Status& status) {
  MutexLock lock(&state_->mu);
  if (state_->newest != nullptr) state_->newest->End(rpc::ToGrpcStatus(status));
}

}  // namespace muster::worker
