// Who holds the sockets of this machine, from the tables that Windows keeps.
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_SOCKET_TABLE_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_SOCKET_TABLE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/http/tcp_transport.h"

namespace muster::worker {

struct SocketHolders {
  // Numbers of the processes that listen where our connection `ends` leads, and of the one that has
  // its other end; 0: Windows names none.
  std::vector<uint32_t> listeners;
  std::vector<uint32_t> peers;
};

// Unavailable when the tables cannot be read; InvalidArgument for what is no address.
absl::StatusOr<SocketHolders> HoldersOf(const http::TcpEnds& ends);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_SOCKET_TABLE_H_
