// One end of a socket pair that keeps packets apart: what the orchestrator and its door speak over.
#ifndef MUSTER_ORCHESTRATOR_APP_PACKET_SOCKET_H_
#define MUSTER_ORCHESTRATOR_APP_PACKET_SOCKET_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::app {

// Send is thread-safe; one thread receives.
class PacketSocket {
 public:
  static constexpr size_t kMaxPacket = 128 << 10;

  // Two ends, closed on exec. Unavailable when the system has none.
  static absl::StatusOr<std::pair<std::unique_ptr<PacketSocket>, std::unique_ptr<PacketSocket>>>
  MakePair();
  // Takes an end that was inherited.
  explicit PacketSocket(int fd) : fd_(fd) {}
  ~PacketSocket();
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;

  // The whole packet or nothing of it; false when the other end is gone or does not keep up. Does
  // not block.
  bool Send(absl::string_view packet);
  // Blocks for the next packet. None: the other end is gone, or sent one that is too long. Keeps no
  // copy: a packet may hold a key.
  std::optional<std::string> Receive();
  // Ends both directions: Receive here and there returns none.
  void End();
  int descriptor() const { return fd_; }

 private:
  const int fd_;
  std::string buffer_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_PACKET_SOCKET_H_
