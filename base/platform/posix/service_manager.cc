#include "base/platform/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "base/platform/posix/descriptor.h"

namespace muster {

void TellServiceManager(absl::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(path);
  if (size >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';  // A name that is in no file system.
  const Descriptor socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd.ok()) return;
  static_cast<void>(sendto(socket_fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                           reinterpret_cast<const sockaddr*>(&address),
                           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size)));
}

absl::Duration WatchdogInterval() {
  const char* const text = std::getenv("WATCHDOG_USEC");
  const char* const pid = std::getenv("WATCHDOG_PID");
  int64_t micros = 0;
  int64_t meant = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &micros) || micros <= 0) {
    return absl::InfiniteDuration();
  }
  // A child of the process that is meant inherits the variables.
  if (pid != nullptr && (!absl::SimpleAtoi(pid, &meant) || meant != getpid())) {
    return absl::InfiniteDuration();
  }
  return absl::Microseconds(micros) / 2;
}

}  // namespace muster
