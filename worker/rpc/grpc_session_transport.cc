#include "worker/rpc/grpc_session_transport.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "base/crypto/tls_look.h"
#include "base/failure_code.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"
#include "worker/identity/peer_judgment.h"

namespace muster::worker {

// Shared by the transport and its calls.
//
// A channel must not be destroyed by a gRPC callback: the last one of the process takes gRPC's
// callback threads with it, and the thread that runs the callback cannot wait for itself. So a call
// that is over is kept, with its channel, until the transport connects again or ends.
class GrpcSessionTransport::Calls {
 public:
  void Begin(grpc::ClientContext* context) {
    MutexLock lock(&mu_);
    if (closed_) context->TryCancel();
    open_.insert(context);
  }
  // `call` is what owns the context and the channel.
  void End(grpc::ClientContext* context, std::shared_ptr<void> call) {
    MutexLock lock(&mu_);
    open_.erase(context);
    over_.push_back(std::move(call));
  }
  // Not from a gRPC callback.
  void DropOver() {
    std::vector<std::shared_ptr<void>> over;
    MutexLock lock(&mu_);
    over.swap(over_);
  }
  void CancelAndAwait() {
    MutexLock lock(&mu_);
    closed_ = true;
    for (grpc::ClientContext* context : open_) context->TryCancel();
    mu_.Await(absl::Condition(
        +[](std::set<grpc::ClientContext*>* open) { return open->empty(); }, &open_));
  }

 private:
  Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> open_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<void>> over_ ABSL_GUARDED_BY(mu_);
};

struct GrpcSessionTransport::Channel {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Session::Stub> stub;
};

namespace {

// One stream as gRPC drives it: at most one read and one write at a time, a queue behind the write.
// Holds itself until OnDone.
class StreamReactor final
    : public grpc::ClientBidiReactor<v1::WorkerMessage, v1::OrchestratorMessage>,
      public std::enable_shared_from_this<StreamReactor> {
 public:
  StreamReactor(std::shared_ptr<grpc::Channel> channel, std::unique_ptr<v1::Session::Stub> stub,
                std::shared_ptr<GrpcSessionTransport::Calls> calls, StreamEvents events)
      : channel_(std::move(channel)),
        stub_(std::move(stub)),
        calls_(std::move(calls)),
        events_(std::move(events)) {}

  void Start() {
    self_ = shared_from_this();
    calls_->Begin(&context_);
    stub_->async()->Connect(&context_, this);
    AddHold();  // For the writes that Send starts; dropped when reading has ended.
    StartRead(&incoming_);
    StartCall();
  }

  void Send(v1::WorkerMessage message) {
    MutexLock lock(&mu_);
    if (ended_) return;
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void Cancel() { context_.TryCancel(); }

 private:
  void OnReadDone(bool ok) override {
    if (ok) {
      events_.on_message(std::exchange(incoming_, v1::OrchestratorMessage()));
      return StartRead(&incoming_);
    }
    {
      MutexLock lock(&mu_);
      ended_ = true;
    }
    RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mu_);
    outgoing_.pop_front();
    if (!ok || ended_) {
      ended_ = true;
      outgoing_.clear();
      return;
    }
    if (!outgoing_.empty()) StartWrite(&outgoing_.front());
  }

  void OnDone(const grpc::Status& status) override {
    events_.on_closed(rpc::FromGrpcStatus(status));
    const auto calls = calls_;
    calls->End(&context_, std::move(self_));  // Whoever drops it deletes this.
  }

  std::shared_ptr<StreamReactor> self_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Session::Stub> stub_;
  const std::shared_ptr<GrpcSessionTransport::Calls> calls_;
  StreamEvents events_;
  grpc::ClientContext context_;
  v1::OrchestratorMessage incoming_;
  Mutex mu_;
  std::deque<v1::WorkerMessage> outgoing_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

class GrpcStream final : public SessionStream {
 public:
  explicit GrpcStream(std::shared_ptr<StreamReactor> reactor) : reactor_(std::move(reactor)) {}
  ~GrpcStream() override { reactor_->Cancel(); }
  void Send(v1::WorkerMessage message) override { reactor_->Send(std::move(message)); }
  void Close() override { reactor_->Cancel(); }

 private:
  const std::shared_ptr<StreamReactor> reactor_;
};

}  // namespace

GrpcSessionTransport::GrpcSessionTransport(std::string address, Identity identity)
    : calls_(std::make_shared<Calls>()),
      address_(std::move(address)),
      identity_(std::move(identity)) {}

GrpcSessionTransport::~GrpcSessionTransport() {
  calls_->CancelAndAwait();
  calls_->DropOver();
}

void GrpcSessionTransport::SetIdentity(Identity identity, const std::string& address) {
  MutexLock lock(&mu_);
  if (!address.empty()) address_ = address;
  identity_ = std::move(identity);
}

std::unique_ptr<GrpcSessionTransport::Channel> GrpcSessionTransport::MakeChannel() {
  rpc::TlsClientIdentity tls;
  std::string address;
  {
    MutexLock lock(&mu_);
    address = address_;
    tls.ca_bundle_pem = identity_.ca_bundle_pem;
    tls.certificate_pem = identity_.certificate_pem;
    tls.private_key_pem = identity_.private_key_pem.Clone();
  }
  auto made = std::make_unique<Channel>();
  made->channel =
      rpc::MakeChannel(address, rpc::MutualTlsChannelCredentials(tls), {.own_connection = true});
  made->stub = v1::Session::NewStub(made->channel);
  return made;
}

absl::AnyInvocable<std::optional<Failure>()> GrpcSessionTransport::LookAtPeer(absl::Time now) {
  crypto::TlsLookOptions options{.server_name = rpc::kOrchestratorName};
  PeerQuestion question{.now = now, .foreign = FailureCode::kCertForeign};
  {
    MutexLock lock(&mu_);
    options.address = question.address = address_;
    options.certificate_pem = question.certificate_pem = identity_.certificate_pem;
    options.private_key_pem = identity_.private_key_pem.Clone();
    question.ca_bundle_pem = identity_.ca_bundle_pem;
  }
  return [options = std::move(options), question = std::move(question)] {
    auto look = crypto::LookAtTlsPeer(options);
    // One that stops or starts again ends connections as well: it is asked twice.
    if (look.ok() && look->ended && look->alert == 0) look = crypto::LookAtTlsPeer(options);
    return look.ok() ? JudgePeer(*look, question) : std::nullopt;
  };
}

std::unique_ptr<SessionStream> GrpcSessionTransport::Connect(StreamEvents events) {
  std::unique_ptr<Channel> channel = MakeChannel();
  const auto reactor = std::make_shared<StreamReactor>(
      std::move(channel->channel), std::move(channel->stub), calls_, std::move(events));
  reactor->Start();
  calls_->DropOver();  // Now, so that gRPC's threads are kept by the new channel.
  return std::make_unique<GrpcStream>(reactor);
}

void GrpcSessionTransport::Renew(const v1::RenewRequest& request,
                                 absl::AnyInvocable<void(absl::StatusOr<v1::RenewResponse>)> done) {
  struct Call {
    std::unique_ptr<Channel> channel;
    grpc::ClientContext context;
    v1::RenewRequest request;
    v1::RenewResponse response;
    absl::AnyInvocable<void(absl::StatusOr<v1::RenewResponse>)> done;
  };
  auto call = std::make_shared<Call>();
  call->channel = MakeChannel();
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  call->request = request;
  call->done = std::move(done);
  calls_->Begin(&call->context);
  call->channel->stub->async()->Renew(&call->context, &call->request, &call->response,
                                      [call, calls = calls_](const grpc::Status& status) mutable {
                                        if (status.ok()) {
                                          call->done(std::move(call->response));
                                        } else {
                                          call->done(rpc::FromGrpcStatus(status));
                                        }
                                        grpc::ClientContext* const context = &call->context;
                                        calls->End(context, std::move(call));
                                      });
}

}  // namespace muster::worker
