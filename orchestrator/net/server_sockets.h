// Sockets that listen.
#ifndef MUSTER_ORCHESTRATOR_NET_SERVER_SOCKETS_H_
#define MUSTER_ORCHESTRATOR_NET_SERVER_SOCKETS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::net {

// Those of one address, which may be several: a name has all its addresses. Closed with their
// owner; a Unix socket's name goes, too.
class ServerSockets {
 public:
  // "host:port", port 0 for any (the same for all); 0.0.0.0 and [::] both mean all addresses, IPv4
  // and IPv6. Or "unix:PATH", made for the owner alone in the place of an old socket; while it is
  // made files of other threads are the owner's alone, too. Unavailable with the system's reason
  // when one of them cannot be listened on. Blocks: a name is looked up.
  static absl::StatusOr<ServerSockets> Open(const std::string& address);
  // Takes sockets that listen already.
  explicit ServerSockets(std::vector<int> descriptors) : descriptors_(std::move(descriptors)) {}
  ~ServerSockets();
  ServerSockets(ServerSockets&& other) noexcept;
  ServerSockets(const ServerSockets&) = delete;
  ServerSockets& operator=(const ServerSockets&) = delete;

  const std::vector<int>& descriptors() const { return descriptors_; }
  int port() const;  // 0 for a Unix socket.

 private:
  ServerSockets() = default;

  std::vector<int> descriptors_;
  std::string path_;
};

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_SERVER_SOCKETS_H_
