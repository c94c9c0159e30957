#include "tests/bench/load/bare_fleet.h"

#include <grpcpp/grpcpp.h>

#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/mutex.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "tests/bench/load/bare_messages.h"

namespace muster::bench {
namespace {

using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

// What streams tell their fleet.
struct Tally {
  Mutex mu;
  int opening ABSL_GUARDED_BY(mu) = 0;
  int open ABSL_GUARDED_BY(mu) = 0;  // Streams that are not done, opening ones included.
  int lost ABSL_GUARDED_BY(mu) = 0;
  bool closing ABSL_GUARDED_BY(mu) = false;
  std::string error ABSL_GUARDED_BY(mu);
};

class ClientStream final : public grpc::ClientBidiReactor<WorkerMessage, OrchestratorMessage> {
 public:
  ClientStream(std::shared_ptr<grpc::Channel> channel, Tally& tally)
      : stub_(muster::worker::v1::Session::NewStub(std::move(channel))), tally_(tally) {
    context_.set_wait_for_ready(true);
    stub_->async()->Connect(&context_, this);
    Send(BareHello());
    StartRead(&in_);
    StartCall();
  }

  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (in_.has_welcome()) {
      welcomed_ = true;
      MutexLock lock(&tally_.mu);
      --tally_.opening;
    }
    if (in_.has_command()) Send(BareResult());
    StartRead(&in_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mu_);
    queue_.pop_front();
    if (ok && !queue_.empty()) StartWrite(&queue_.front());
  }

  void OnDone(const grpc::Status& status) override {
    MutexLock lock(&tally_.mu);
    if (!welcomed_) --tally_.opening;
    if (!tally_.closing) {
      ++tally_.lost;
      tally_.error = absl::StrCat("a stream ended: ", status.error_message());
    }
    --tally_.open;  // Last: the fleet may go away now.
  }

 private:
  void Send(WorkerMessage message) {
    MutexLock lock(&mu_);
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  const std::unique_ptr<muster::worker::v1::Session::Stub> stub_;
  Tally& tally_;
  grpc::ClientContext context_;
  OrchestratorMessage in_;
  bool welcomed_ = false;
  Mutex mu_;
  std::deque<WorkerMessage> queue_ ABSL_GUARDED_BY(mu_);  // The front one is being written.
};

class GrpcBareFleet final : public BareFleet {
 public:
  GrpcBareFleet(const std::string& address, const std::string& ca_pem)
      : address_(address), ca_pem_(ca_pem) {}

  ~GrpcBareFleet() override {
    {
      MutexLock lock(&tally_.mu);
      tally_.closing = true;
    }
    for (const auto& stream : streams_) stream->Cancel();
    MutexLock lock(&tally_.mu);
    const auto none_open = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return tally_.open == 0; };
    tally_.mu.Await(absl::Condition(&none_open));
  }

  absl::StatusOr<absl::Duration> Connect(const std::vector<PemPair>& identities,
                                         int at_once) override {
    const absl::Time start = absl::Now();
    for (const PemPair& identity : identities) {
      {
        MutexLock lock(&tally_.mu);
        const auto room = [this, at_once]()
                              ABSL_NO_THREAD_SAFETY_ANALYSIS { return tally_.opening < at_once; };
        tally_.mu.Await(absl::Condition(&room));
        ++tally_.opening;
        ++tally_.open;
      }
      streams_.push_back(std::make_unique<ClientStream>(Dial(identity), tally_));
    }
    MutexLock lock(&tally_.mu);
    const auto all_in = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return tally_.opening == 0; };
    if (!tally_.mu.AwaitWithTimeout(absl::Condition(&all_in), absl::Minutes(2))) {
      return absl::DeadlineExceededError(
          absl::StrCat(tally_.opening, " bare streams did not open within two minutes"));
    }
    if (tally_.lost > 0) return absl::UnavailableError(tally_.error);
    return absl::Now() - start;
  }

  int lost() const override {
    MutexLock lock(&tally_.mu);
    return tally_.lost;
  }

 private:
  std::shared_ptr<grpc::Channel> Dial(const PemPair& identity) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ca_pem_;
    tls.pem_cert_chain = identity.certificate;
    tls.pem_private_key = identity.key;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(kBareServerName);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address_, grpc::SslCredentials(tls), arguments);
  }

  const std::string address_;
  const std::string ca_pem_;
  mutable Tally tally_;
  std::vector<std::unique_ptr<ClientStream>> streams_;
};

}  // namespace

std::unique_ptr<BareFleet> BareFleet::Create(const std::string& address,
                                             const std::string& ca_pem) {
  return std::make_unique<GrpcBareFleet>(address, ca_pem);
}

}  // namespace muster::bench
