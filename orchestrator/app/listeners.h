// The gRPC servers of the orchestrator, one per door, since each door has its own set of services.
#ifndef MUSTER_ORCHESTRATOR_APP_LISTENERS_H_
#define MUSTER_ORCHESTRATOR_APP_LISTENERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/rpc/health_service.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace muster::app {

struct ListenerOptions {
  const char* name;     // For messages: "session".
  std::string address;  // "host:port", port 0 for any; or "unix:PATH", made with mode 0600.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::vector<std::string> names;  // Of the services, for whoever asks for the health of one.
  std::vector<std::unique_ptr<grpc::Service>> services;
  bool reflection = false;
  int max_request_bytes = 0;  // 0: as proto/rpc/channel.h.
};

// A running server, with gRPC's health service. SetServing and Drain are thread-safe.
class Listener {
 public:
  // E-SYSTEM-LISTEN when the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(ListenerOptions options);
  ~Listener();  // Stops at once.

  int port() const { return port_; }  // 0 for a Unix socket.
  void SetServing(bool serving);      // Nothing after Drain.
  // The first step of a stop: health says NOT_SERVING for ever, and nobody's Watch of it is waited
  // for.
  void Drain();
  // Refuses new calls, waits for open ones until `deadline`, then cancels them. Blocks.
  void Stop(absl::Time deadline);

 private:
  Listener() = default;
  rpc::HealthBoard health_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool stopped_ = false;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_LISTENERS_H_
