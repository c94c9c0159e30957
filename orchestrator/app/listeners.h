// The gRPC servers of the orchestrator, one per door, since each door has its own set of services.
// An acceptor of ours owns accept() of each and hands it sockets (orchestrator/net/acceptor.h).
#ifndef MUSTER_ORCHESTRATOR_APP_LISTENERS_H_
#define MUSTER_ORCHESTRATOR_APP_LISTENERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "orchestrator/net/acceptor.h"
#include "orchestrator/rpc/health_service.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}
}  // namespace grpc

namespace muster::app {

// What one connection may cost once it has shaken hands; docs/security.md has the reasons.
struct TrafficLimits {
  int streams = 100;  // Calls at once.
  int metadata_bytes = 16 << 10;
  int request_bytes = 0;                                 // 0: as proto/rpc/channel.h.
  absl::Duration idle = absl::InfiniteDuration();        // Without a call it is ended after this.
  absl::Duration age = absl::InfiniteDuration();         // It takes no new call after this,
  absl::Duration last_calls = absl::InfiniteDuration();  // and ends so much later.
  absl::Duration handshake = absl::Seconds(10);          // TLS, and HTTP/2's first frame.
  int64_t memory_bytes = 0;  // Of all connections together, as far as gRPC counts; 0: no limit.
};

struct ListenerOptions {
  const char* name;     // For messages: "session".
  std::string address;  // "host:port", port 0 for any; or "unix:PATH", made with mode 0600.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::vector<std::string> names;  // Of the services, for whoever asks for the health of one.
  std::vector<std::unique_ptr<grpc::Service>> services;
  bool reflection = false;
  TrafficLimits traffic;
  net::GateLimits connections;
  int64_t first_reserved_descriptor = 0;  // As net::AcceptorOptions.
  // The listener lets nobody in any more, with E-SYSTEM-LISTENER-LOST. Called once, on a thread of
  // the listener's; it must not stop it. May be null.
  std::function<void(const absl::Status&)> on_lost;
};

// A running server, with gRPC's health service. SetServing, Drain and counts are thread-safe.
class Listener {
 public:
  // E-SYSTEM-LISTEN when the address cannot be listened on. `clock` is borrowed.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(ListenerOptions options,
                                                         const Clock& clock);
  ~Listener();  // Stops at once.

  int port() const { return port_; }  // 0 for a Unix socket.
  const std::string& name() const { return name_; }
  net::GateCounts counts() const;  // Zeros after Stop.
  const net::GateLimits& limits() const { return limits_; }
  void SetServing(bool serving);  // Nothing after Drain.
  // The first step of a stop: health says NOT_SERVING for ever, and nobody's Watch of it is waited
  // for.
  void Drain();
  // Lets nobody in, refuses new calls, waits for open ones until `deadline`, then cancels them.
  // Blocks.
  void Stop(absl::Time deadline);

 private:
  class Bell;
  Listener();
  std::string name_;
  net::GateLimits limits_;
  rpc::HealthBoard health_;
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
