// Who holds the sockets of this machine, from /proc/net/tcp and tcp6.
#ifndef MUSTER_WORKER_PLATFORM_LINUX_SOCKET_TABLE_H_
#define MUSTER_WORKER_PLATFORM_LINUX_SOCKET_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http/tcp_transport.h"

namespace muster::worker {

struct SocketRow {
  std::string local;   // As in the table: address in hexadecimal words, ':', port.
  std::string remote;  // Likewise.
  int state = 0;       // 0x01 established, 0x03 handshake, 0x0A listens.
  uint32_t uid = 0;    // Of whom made, or accepted, the socket; 0 while nobody accepted it.
  uint64_t inode = 0;  // 0: nobody has a descriptor for it (yet).
};

constexpr int kSocketEstablished = 0x01;
constexpr int kSocketHandshake = 0x03;
constexpr int kSocketListens = 0x0A;

// A line of the table, or none: its heading, or what cannot be read. Pure.
std::optional<SocketRow> ParseSocketLine(absl::string_view line);

// The listeners that may have taken a connection to the remote end of `ends`: those that the kernel
// prefers, which are those of the exact address, else of every address, IPv4 before IPv6. Empty:
// none. Unavailable when the tables cannot be read. Blocks on /proc.
absl::StatusOr<std::vector<SocketRow>> ListenersFor(const http::TcpEnds& ends);
// The other end of our connection `ends`, as this machine's own socket; none when it is not there.
absl::StatusOr<std::optional<SocketRow>> OtherEndOf(const http::TcpEnds& ends);

// "process 812 (nc)", or "" when nobody's descriptor for the socket is found. Slow: walks /proc.
std::string HolderOf(uint64_t inode);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_LINUX_SOCKET_TABLE_H_
