#include "orchestrator/app/listeners.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/mutex.h"
#include "orchestrator/net/server_sockets.h"
#include "proto/rpc/channel.h"

namespace muster::app {
namespace {

constexpr int kBytesInOneRead = 8 << 10;

absl::Status CannotListen(const ListenerOptions& options, absl::string_view why) {
  return FailureStatus(
      FailureCode::kSystemListen,
      absl::StrCat("the ", options.name, " listener on ", options.address, ": ", why));
}

void SetMilliseconds(grpc::ServerBuilder& builder, const char* name, absl::Duration value) {
  if (value == absl::InfiniteDuration()) return;
  builder.AddChannelArgument(name, static_cast<int>(absl::ToInt64Milliseconds(value)));
}

// gRPC unpacks a compressed message before it looks at its size: a thousand times what was sent.
// None of our clients compresses; who does is refused (docs/security.md).
void RefuseCompression(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
                             1 << GRPC_COMPRESS_NONE);
}

void Limit(grpc::ServerBuilder& builder, const char* name, const TrafficLimits& limits) {
  RefuseCompression(builder);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.metadata_bytes);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_IDLE_MS, limits.idle);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_MS, limits.age);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, limits.last_calls);
  SetMilliseconds(builder, GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, limits.handshake);
  // What is worked through before its calls are counted.
  builder.AddChannelArgument(GRPC_ARG_TCP_READ_CHUNK_SIZE, kBytesInOneRead);
  builder.AddChannelArgument(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, kBytesInOneRead);
  grpc::ResourceQuota quota(name);
  if (limits.memory_bytes > 0) quota.Resize(static_cast<size_t>(limits.memory_bytes));
  builder.SetResourceQuota(quota);
}

}  // namespace

// Between gRPC's threads, which see calls, and the acceptor, which ends before the server does.
class Listener::Bell {
 public:
  void Hang(std::unique_ptr<net::Acceptor> acceptor) {
    MutexLock lock(&mu_);
    acceptor_ = std::move(acceptor);
  }
  std::unique_ptr<net::Acceptor> Take() {
    MutexLock lock(&mu_);
    return std::move(acceptor_);
  }
  void Ring(const std::string& peer) {
    MutexLock lock(&mu_);
    if (acceptor_ != nullptr) acceptor_->Prove(net::PeerOfGrpcName(peer));
  }
  net::ConnectionId BeginCall(const grpc::ServerContextBase& context) {
    MutexLock lock(&mu_);
    if (acceptor_ == nullptr) return 0;
    return acceptor_->BeginCall(net::PeerOfGrpcName(context.peer()),
                                [&context] { return rpc::PeerOf(context); });
  }
  void EndCall(net::ConnectionId id) {
    MutexLock lock(&mu_);
    if (acceptor_ != nullptr) acceptor_->EndCall(id);
  }
  net::GateCounts counts() const {
    MutexLock lock(&mu_);
    return acceptor_ == nullptr ? net::GateCounts{} : acceptor_->counts();
  }

  // Sees a call's beginning, first answer and end, and changes nothing.
  class Ear final : public grpc::experimental::Interceptor {
   public:
    Ear(Bell& bell, grpc::ServerContextBase& context) : bell_(bell), context_(context) {}
    ~Ear() override {
      if (connection_ != 0) bell_.EndCall(connection_);
    }
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      using Point = grpc::experimental::InterceptionHookPoints;
      if (!begun_ && methods->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA)) {
        begun_ = true;
        connection_ = bell_.BeginCall(context_);
      }
      if (!rung_ && (methods->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA) ||
                     methods->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE) ||
                     methods->QueryInterceptionHookPoint(Point::PRE_SEND_STATUS))) {
        rung_ = true;
        bell_.Ring(context_.peer());
      }
      methods->Proceed();
    }

   private:
    Bell& bell_;
    grpc::ServerContextBase& context_;
    net::ConnectionId connection_ = 0;
    bool begun_ = false;
    bool rung_ = false;
  };
  class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
   public:
    explicit Factory(std::shared_ptr<Bell> bell) : bell_(std::move(bell)) {}
    grpc::experimental::Interceptor* CreateServerInterceptor(
        grpc::experimental::ServerRpcInfo* info) override {
      return new Ear(*bell_, *info->server_context());  // gRPC's from here on.
    }

   private:
    const std::shared_ptr<Bell> bell_;
  };

 private:
  mutable Mutex mu_;
  std::unique_ptr<net::Acceptor> acceptor_ ABSL_GUARDED_BY(mu_);
};

Listener::Listener() : bell_(std::make_shared<Bell>()) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(ListenerOptions options,
                                                          const Clock& clock) {
  auto sockets = options.sockets.has_value()
                     ? absl::StatusOr<net::ServerSockets>(*std::move(options.sockets))
                     : net::ServerSockets::Open(options.address);
  if (!sockets.ok()) return CannotListen(options, sockets.status().message());
  const bool local = absl::StartsWith(options.address, "unix:");
  grpc::ServerBuilder builder;
  Limit(builder, options.name, options.traffic);  // Of an argument the first value counts.
  rpc::ConfigureServer(builder);
  if (options.traffic.request_bytes > 0) {
    builder.SetMaxReceiveMessageSize(options.traffic.request_bytes);
  }
  std::unique_ptr<Listener> listener(new Listener);
  listener->name_ = options.name;
  listener->limits_ = options.connections;
  std::set<std::string> names(options.names.begin(), options.names.end());
  options.services.push_back(rpc::MakeHealthService(listener->health_, listener->watching_, names,
                                                    std::move(options.health_access)));
  if (options.reflection_access) {
    names.insert({"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"});
    options.services.push_back(rpc::MakeReflectionService(listener->health_, listener->watching_,
                                                          std::move(names),
                                                          std::move(options.reflection_access)));
  }
  for (const auto& service : options.services) builder.RegisterService(service.get());
  if (!local) {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
    factories.push_back(std::make_unique<Bell::Factory>(listener->bell_));
    builder.experimental().SetInterceptorCreators(std::move(factories));
  }
  listener->entrance_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, options.credentials);
  listener->services_ = std::move(options.services);
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr) return CannotListen(options, "gRPC does not start");

  if (options.before_accept != nullptr) {
    const absl::Status before = options.before_accept();
    if (!before.ok()) return CannotListen(options, before.message());
  }
  auto acceptor = net::Acceptor::Start(
      *std::move(sockets),
      {.name = options.name,
       .limits = options.connections,
       .tls = !local,
       .first_reserved_descriptor = options.first_reserved_descriptor},
      {.clock = clock,
       .hand_on =
           [entrance = listener->entrance_.get()](int fd) {
             grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
             connection.fd = fd;
             entrance->HandleNewConnection(&connection);
           },
       .on_dead =
           [on_lost = std::move(options.on_lost)](const absl::Status& why) {
             log::Error("a listener is lost", {{"reason", why}});
             if (on_lost) on_lost(why);
           }});
  if (!acceptor.ok()) return CannotListen(options, acceptor.status().message());
  listener->port_ = (*acceptor)->port();
  listener->bell_->Hang(*std::move(acceptor));
  return listener;
}

Listener::~Listener() { Stop(absl::InfinitePast()); }

net::GateCounts Listener::counts() const { return bell_->counts(); }

void Listener::SetServing(bool serving) { health_.Set(serving); }

void Listener::Drain() { health_.End(); }

void Listener::Stop(absl::Time deadline) {
  if (std::exchange(stopped_, true) || server_ == nullptr) return;
  Drain();
  bell_->Take().reset();  // From here on nobody comes in.
  server_->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
  server_->Wait();
}

}  // namespace muster::app
