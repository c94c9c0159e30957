#include "base/platform/standard_error.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace muster {

bool WriteToStandardError(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};  // Somebody's O_NONBLOCK.
    if (poll(&wait, 1, -1) < 0 && errno != EINTR) return false;
  }
  return true;
}

}  // namespace muster
