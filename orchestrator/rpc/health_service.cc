#include "orchestrator/rpc/health_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <optional>
#include <utility>

#include "grpc/health/v1/health.grpc.pb.h"
#include "orchestrator/rpc/reply.h"
#include "proto/rpc/status.h"

namespace muster::rpc {
namespace {

namespace health = grpc::health::v1;

using health::HealthCheckRequest;
using health::HealthCheckResponse;
using HealthWriter = grpc::ServerWriteReactor<HealthCheckResponse>;

HealthCheckResponse::ServingStatus StatusOf(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

// One write at most is under way; what changes meanwhile is written after it, the last state only.
class HealthStream final : public HealthWatcher {
 public:
  // `known`: the service that is asked for is here.
  explicit HealthStream(bool known) : known_(known) {}

  // Null when the reactor is gone.
  void Attach(HealthWriter* reactor) {
    MutexLock lock(&mu_);
    reactor_ = reactor;
  }
  void Show(bool serving) override { Want(serving, false); }
  void End() override { Want(false, true); }
  void Gone() { EndWith(grpc::Status::CANCELLED); }
  void Refuse(const absl::Status& why) { EndWith(ToGrpcStatus(why)); }
  bool is_gone() {
    MutexLock lock(&mu_);
    return reactor_ == nullptr;
  }
  void Written(bool ok) {
    MutexLock lock(&mu_);
    busy_ = false;
    if (!ok) {
      end_ = true;
      wanted_.reset();
    }
    Pump();
  }

 private:
  void EndWith(const grpc::Status& status) {
    MutexLock lock(&mu_);
    if (!end_) last_ = status;
    end_ = true;
    wanted_.reset();
    Pump();
  }
  void Want(bool serving, bool end) {
    const auto status = known_ ? StatusOf(serving) : HealthCheckResponse::SERVICE_UNKNOWN;
    MutexLock lock(&mu_);
    if (end_) return;
    end_ = end;
    wanted_.reset();
    if (status != sent_.status()) wanted_ = status;
    Pump();
  }
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (reactor_ == nullptr || busy_ || finished_) return;
    if (wanted_.has_value()) {
      sent_.set_status(*std::exchange(wanted_, std::nullopt));
      busy_ = true;
      reactor_->StartWrite(&sent_);
    } else if (end_) {
      finished_ = true;
      reactor_->Finish(last_);
    }
  }

  const bool known_;
  Mutex mu_;
  HealthWriter* reactor_ ABSL_GUARDED_BY(mu_) = nullptr;
  HealthCheckResponse sent_ ABSL_GUARDED_BY(mu_);  // UNKNOWN, which is never sent, at first.
  std::optional<HealthCheckResponse::ServingStatus> wanted_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;  // Writing.
  bool end_ ABSL_GUARDED_BY(mu_) = false;
  grpc::Status last_ ABSL_GUARDED_BY(mu_){grpc::StatusCode::UNAVAILABLE,
                                          "the orchestrator is stopping"};
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

// The answer whether a Watch is let in; whoever drops it because the process stops refuses by that.
class LetIn {
 public:
  LetIn(HealthBoard& board, std::shared_ptr<HealthStream> stream)
      : board_(board), stream_(std::move(stream)) {}
  LetIn(LetIn&& other) noexcept : board_(other.board_), stream_(std::move(other.stream_)) {}
  LetIn& operator=(LetIn&&) = delete;
  ~LetIn() {
    if (stream_ != nullptr) (*this)(absl::UnavailableError("the orchestrator is stopping"));
  }
  void operator()(const absl::Status& may) {
    const std::shared_ptr<HealthStream> stream = std::move(stream_);
    if (!may.ok()) return stream->Refuse(may);
    board_.Add(stream);
    if (stream->is_gone()) board_.Remove(stream.get());  // Meanwhile: it was not there to remove.
  }

 private:
  HealthBoard& board_;
  std::shared_ptr<HealthStream> stream_;  // Null: answered, or moved on.
};

// Deletes itself in OnDone.
class HealthReactor final : public HealthWriter {
 public:
  HealthReactor(HealthBoard& board, StreamBudget::Share share, bool known)
      : board_(board), share_(std::move(share)), stream_(std::make_shared<HealthStream>(known)) {
    stream_->Attach(this);
  }
  LetIn Door() { return {board_, stream_}; }
  void OnWriteDone(bool ok) override { stream_->Written(ok); }
  void OnCancel() override { stream_->Gone(); }
  void OnDone() override {
    stream_->Attach(nullptr);
    board_.Remove(stream_.get());
    delete this;
  }

 private:
  HealthBoard& board_;
  const StreamBudget::Share share_;
  const std::shared_ptr<HealthStream> stream_;
};

// A Watch that is not let in.
class RefusedWatch final : public HealthWriter {
 public:
  explicit RefusedWatch(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

class HealthService final : public health::Health::CallbackService {
 public:
  HealthService(HealthBoard& board, StreamBudget& budget, std::set<std::string> services,
                HealthAccess access)
      : board_(board), budget_(budget), services_(std::move(services)), access_(std::move(access)) {
    services_.insert("");
  }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const HealthCheckRequest* request,
                                  HealthCheckResponse* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    AskFor(*context,
           [this, request, response, reply = Reply(reactor)](const absl::Status& may) mutable {
             if (!may.ok()) return reply.Finish(may);
             if (!services_.contains(request->service())) {
               return reply.Finish(absl::NotFoundError("no such service here"));
             }
             response->set_status(StatusOf(board_.serving()));
             reply.Finish(absl::OkStatus());
           });
    return reactor;
  }

  HealthWriter* Watch(grpc::CallbackServerContext* context,
                      const HealthCheckRequest* request) override {
    std::optional<StreamBudget::Share> share = budget_.Take(PeerOf(*context));
    if (!share.has_value()) {
      return new RefusedWatch(
          absl::ResourceExhaustedError("too many streams are open; end those that are not needed"));
    }
    auto* const reactor =
        new HealthReactor(board_, *std::move(share), services_.contains(request->service()));
    AskFor(*context, reactor->Door());
    return reactor;
  }

 private:
  void AskFor(const grpc::CallbackServerContext& context,
              absl::AnyInvocable<void(const absl::Status&)> done) const {
    if (access_) return access_(context, std::move(done));
    done(absl::OkStatus());
  }

  HealthBoard& board_;
  StreamBudget& budget_;
  std::set<std::string> services_;
  const HealthAccess access_;
};

}  // namespace

void HealthBoard::Set(bool serving) {
  MutexLock lock(&mu_);
  if (ended_ || serving_ == serving) return;
  serving_ = serving;
  for (const auto& watcher : watchers_) watcher->Show(serving);
}

void HealthBoard::End() {
  MutexLock lock(&mu_);
  if (std::exchange(ended_, true)) return;
  serving_ = false;
  for (const auto& watcher : watchers_) watcher->End();
}

bool HealthBoard::serving() const {
  MutexLock lock(&mu_);
  return serving_;
}

void HealthBoard::Add(const std::shared_ptr<HealthWatcher>& watcher) {
  MutexLock lock(&mu_);
  if (ended_) return watcher->End();
  watchers_.push_back(watcher);
  watcher->Show(serving_);
}

void HealthBoard::Remove(const HealthWatcher* watcher) {
  MutexLock lock(&mu_);
  std::erase_if(watchers_, [watcher](const auto& known) { return known.get() == watcher; });
}

std::unique_ptr<grpc::Service> MakeHealthService(HealthBoard& board, StreamBudget& budget,
                                                 std::set<std::string> services,
                                                 HealthAccess access) {
  return std::make_unique<HealthService>(board, budget, std::move(services), std::move(access));
}

}  // namespace muster::rpc
