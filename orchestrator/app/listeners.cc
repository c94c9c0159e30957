#include "orchestrator/app/listeners.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "proto/rpc/channel.h"

namespace muster::app {
namespace {

// gRPC's reflection comes with its library, for all servers of the process. It is a synchronous
// service with threads of its own: the doors of the workers do without.
class NoReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins,
                  [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// Files made while it lives are the owner's alone: the socket must never be open to others, not
// even between bind and chmod.
class OwnerOnly {
 public:
  OwnerOnly() : before_(umask(0177)) {}
  ~OwnerOnly() { umask(before_); }

 private:
  const mode_t before_;
};

constexpr size_t kMaxSocketPath = 107;

absl::Status CannotListen(const ListenerOptions& options, absl::string_view why) {
  return FailureStatus(
      FailureCode::kSystemListen,
      absl::StrCat("the ", options.name, " listener on ", options.address, ": ", why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(ListenerOptions options) {
  absl::string_view path = options.address;
  const bool local = absl::ConsumePrefix(&path, "unix:");
  if (local && path.size() > kMaxSocketPath) {
    return CannotListen(options, "the path is longer than 107 bytes");
  }
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();  // Once, however often it is called.
  grpc::ServerBuilder builder;
  rpc::ConfigureServer(builder);
  if (options.max_request_bytes > 0) builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  if (!options.reflection) builder.SetOption(std::make_unique<NoReflection>());
  std::unique_ptr<Listener> listener(new Listener);
  options.services.push_back(
      rpc::MakeHealthService(listener->health_, {options.names.begin(), options.names.end()}));
  for (const auto& service : options.services) builder.RegisterService(service.get());
  int port = 0;
  builder.AddListeningPort(options.address, options.credentials, &port);

  listener->services_ = std::move(options.services);
  {
    std::unique_ptr<OwnerOnly> mode = local ? std::make_unique<OwnerOnly>() : nullptr;
    listener->server_ = builder.BuildAndStart();
  }
  if (listener->server_ == nullptr) return CannotListen(options, "it cannot be bound");
  listener->port_ = local ? 0 : port;
  return listener;
}

Listener::~Listener() { Stop(absl::InfinitePast()); }

void Listener::SetServing(bool serving) { health_.Set(serving); }

void Listener::Drain() { health_.End(); }

void Listener::Stop(absl::Time deadline) {
  if (std::exchange(stopped_, true) || server_ == nullptr) return;
  Drain();
  server_->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
  server_->Wait();
}

}  // namespace muster::app
