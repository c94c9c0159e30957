#include "tests/bench/load/bare_server.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "absl/time/clock.h"
#include "base/mutex.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "tests/bench/load/bare_messages.h"

namespace muster::bench {
namespace {

using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Stream;

class BareService final : public muster::worker::v1::Session::CallbackService {
 public:
  grpc::ServerBidiReactor<WorkerMessage, OrchestratorMessage>* Connect(
      grpc::CallbackServerContext*) override;

  // Sends `commands` commands to every stream, one at a time each, and waits for all answers.
  // Returns how many commands were sent.
  int64_t Run(int commands);

  void Left(Stream* stream);
  void StreamDone() {
    if (--running_ > 0) return;
    MutexLock lock(&mu_);
    finished_ = true;
  }

 private:
  std::atomic<int64_t> running_ = 0;
  Mutex mu_;
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mu_);
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

class Stream final : public grpc::ServerBidiReactor<WorkerMessage, OrchestratorMessage> {
 public:
  explicit Stream(BareService& service) : service_(service) { StartRead(&in_); }

  void Begin(int commands) {
    left_ = commands;
    Send(BareCommand());
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      if (left_ > 0) service_.StreamDone();
      Finish(grpc::Status::OK);
      return;
    }
    if (in_.has_hello()) Send(BareWelcome());
    if (in_.has_result()) {
      if (--left_ > 0) {
        Send(BareCommand());
      } else {
        service_.StreamDone();
      }
    }
    StartRead(&in_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mu_);
    queue_.pop_front();
    if (ok && !queue_.empty()) StartWrite(&queue_.front());
  }

  void OnDone() override {
    service_.Left(this);
    delete this;
  }

 private:
  void Send(OrchestratorMessage message) {
    MutexLock lock(&mu_);
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  BareService& service_;
  WorkerMessage in_;
  std::atomic<int> left_ = 0;
  Mutex mu_;
  std::deque<OrchestratorMessage> queue_ ABSL_GUARDED_BY(mu_);  // The front one is being written.
};

grpc::ServerBidiReactor<WorkerMessage, OrchestratorMessage>* BareService::Connect(
    grpc::CallbackServerContext*) {
  auto* stream = new Stream(*this);
  MutexLock lock(&mu_);
  streams_.insert(stream);
  return stream;
}

void BareService::Left(Stream* stream) {
  MutexLock lock(&mu_);
  streams_.erase(stream);
}

int64_t BareService::Run(int commands) {
  MutexLock lock(&mu_);
  finished_ = streams_.empty();
  running_ = static_cast<int64_t>(streams_.size());
  const int64_t total = running_ * commands;
  for (Stream* stream : streams_) stream->Begin(commands);
  mu_.Await(absl::Condition(&finished_));
  return total;
}

}  // namespace

int RunBareServer(const std::string& tls_folder) {
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = ReadFile(tls_folder + "/ca.pem");
  tls.pem_key_cert_pairs.push_back(
      {ReadFile(tls_folder + "/server.key"), ReadFile(tls_folder + "/server.pem")});

  BareService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "error: the bare server cannot listen on 127.0.0.1\n";
    return 1;
  }
  std::cout << "listening " << port << std::endl;

  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    int commands = 0;
    words >> verb >> commands;
    if (verb != "run" || commands < 1) {
      std::cerr << "error: unknown request: " << line << "\n";
      return 2;
    }
    const absl::Time start = absl::Now();
    const int64_t total = service.Run(commands);
    std::cout << "done " << total << " " << absl::ToInt64Microseconds(absl::Now() - start)
              << std::endl;
  }
  server->Shutdown(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  return 0;
}

}  // namespace muster::bench
