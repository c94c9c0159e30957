// The gRPC servers of the orchestrator, one per door, since each door has its own set of services.
// An acceptor of ours owns accept() of each and hands it sockets (orchestrator/net/acceptor.h).
#ifndef MUSTER_ORCHESTRATOR_APP_LISTENERS_H_
#define MUSTER_ORCHESTRATOR_APP_LISTENERS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "orchestrator/app/entrance.h"
#include "orchestrator/app/traffic_limits.h"
#include "orchestrator/net/acceptor.h"
#include "orchestrator/net/server_sockets.h"
#include "orchestrator/rpc/health_service.h"
#include "orchestrator/rpc/reflection_service.h"
#include "orchestrator/rpc/stream_budget.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}
}  // namespace grpc

namespace muster::app {

struct ListenerOptions {
  const char* name;     // For messages: "session".
  std::string address;  // "host:port", port 0 for any; or "unix:PATH", made with mode 0600.
  std::optional<net::ServerSockets> sockets;  // Taken as they are, instead of the address's.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::vector<std::string> names;  // Of the services, for whoever asks for the health of one.
  std::vector<std::unique_ptr<grpc::Service>> services;
  rpc::HealthAccess health_access;          // Null: everybody may ask.
  rpc::ReflectionAccess reflection_access;  // Null: there is no reflection here.
  TrafficLimits traffic;
  net::GateLimits connections;
  int64_t first_reserved_descriptor = 0;  // As net::AcceptorOptions.
  // All is open and nobody was let in yet; an error ends the start. May be null.
  std::function<absl::Status()> before_accept;
  // The listener lets nobody in any more, with E-SYSTEM-LISTENER-LOST. Called once, on a thread of
  // the listener's; it must not stop it. May be null.
  std::function<void(const absl::Status&)> on_lost;
};

// A running server, with a health service and, where it is wanted, reflection.
class Listener final : public Entrance {
 public:
  // E-SYSTEM-LISTEN when the address cannot be listened on. `clock` is borrowed.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(ListenerOptions options,
                                                         const Clock& clock);
  ~Listener() override;

  int port() const override { return port_; }
  const std::string& name() const override { return name_; }
  net::GateCounts counts() const override;
  const net::GateLimits& limits() const override { return limits_; }
  void SetServing(bool serving) override;
  void Drain() override;
  void Stop(absl::Time deadline) override;

 private:
  class Bell;
  Listener();
  std::string name_;
  net::GateLimits limits_;
  rpc::HealthBoard health_;
  rpc::StreamBudget watching_;  // Of health and reflection.
  std::vector<std::unique_ptr<grpc::Service>> services_;
  // Owns the acceptor, and tells it of calls. The server has a share: calls outlive the acceptor.
  std::shared_ptr<Bell> bell_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> entrance_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool stopped_ = false;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_LISTENERS_H_
