#include "orchestrator/net/server_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/host_port.h"
#include "base/status_macros.h"

namespace muster::net {
namespace {

// The system cuts it to net.core.somaxconn.
constexpr int kBacklog = 65'535;
constexpr size_t kMaxSocketPath = 107;

absl::Status Problem(const char* step, int error) {
  return absl::UnavailableError(absl::StrCat(step, ": ", std::strerror(error)));
}

// Files made while it lives are the owner's alone: the socket must never be open to others, not
// even between bind and chmod.
class OwnerOnly {
 public:
  OwnerOnly() : before_(umask(0177)) {}
  ~OwnerOnly() { umask(before_); }

 private:
  const mode_t before_;
};

// A socket that listens, or which step failed and why.
struct Tried {
  int fd = -1;
  const char* step = "";
  int error = 0;
  absl::StatusOr<int> Outcome() const {
    if (fd >= 0) return fd;
    return Problem(step, error);
  }
};

Tried ListenOn(const sockaddr* address, socklen_t size, bool both_families) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return {-1, "no socket", errno};
  const int yes = 1;
  const int only_v6 = both_families ? 0 : 1;
  if (address->sa_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  }
  if (address->sa_family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
  }
  const char* step = bind(fd, address, size) != 0 ? "it cannot be bound"
                     : listen(fd, kBacklog) != 0  ? "it cannot be listened on"
                                                  : nullptr;
  if (step == nullptr) return {.fd = fd};
  const int error = errno;
  close(fd);
  return {-1, step, error};
}

// What a machine without IPv6 answers.
bool IsWithoutFamily(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

int PortOf(int fd) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(fd, address, &size) != 0) return 0;
  if (address->sa_family == AF_INET) {
    return ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  }
  if (address->sa_family == AF_INET6) {
    return ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

absl::StatusOr<int> ListenOnAll(int port) {
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<uint16_t>(port));
  const Tried both = ListenOn(reinterpret_cast<const sockaddr*>(&v6), sizeof v6, true);
  if (!IsWithoutFamily(both.error)) return both.Outcome();
  sockaddr_in v4 = {};  // A system without IPv6.
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(port));
  return ListenOn(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, false).Outcome();
}

absl::StatusOr<int> ListenOnPath(const std::string& path) {
  if (path.size() > kMaxSocketPath) {
    return absl::UnavailableError("the path is longer than 107 bytes");
  }
  struct stat old = {};
  if (lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) unlink(path.c_str());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const OwnerOnly mode;
  return ListenOn(reinterpret_cast<const sockaddr*>(&address), sizeof address, false).Outcome();
}

void SetPort(sockaddr* address, int port) {
  const in_port_t wire = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = wire;
  if (address->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = wire;
}

}  // namespace

absl::StatusOr<ServerSockets> ServerSockets::Open(const std::string& address) {
  ServerSockets sockets;
  absl::string_view path = address;
  if (absl::ConsumePrefix(&path, "unix:")) {
    ASSIGN_OR_RETURN(const int fd, ListenOnPath(std::string(path)));
    sockets.descriptors_.push_back(fd);
    sockets.path_ = std::string(path);
    return sockets;
  }
  ASSIGN_OR_RETURN(const HostPort at, ParseHostPort(address, 0));
  std::string host = at.host;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host == "0.0.0.0" || host == "::") {
    ASSIGN_OR_RETURN(const int fd, ListenOnAll(at.port));
    sockets.descriptors_.push_back(fd);
    return sockets;
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat("it has no address: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> held(found, &freeaddrinfo);
  absl::Status first_problem;
  for (addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SetPort(one->ai_addr, at.port != 0 || sockets.descriptors_.empty() ? at.port : sockets.port());
    const Tried tried = ListenOn(one->ai_addr, one->ai_addrlen, false);
    if (tried.fd >= 0) {
      sockets.descriptors_.push_back(tried.fd);
    } else if (!IsWithoutFamily(tried.error)) {
      return tried.Outcome().status();  // Half of a listener would be somebody else's, or nobody's.
    } else if (first_problem.ok()) {
      first_problem = tried.Outcome().status();
    }
  }
  if (sockets.descriptors_.empty()) return first_problem;
  return sockets;
}

ServerSockets::ServerSockets(ServerSockets&& other) noexcept
    : descriptors_(std::exchange(other.descriptors_, {})), path_(std::exchange(other.path_, {})) {}

ServerSockets::~ServerSockets() {
  for (const int fd : descriptors_) close(fd);
  if (!path_.empty()) unlink(path_.c_str());
}

int ServerSockets::port() const { return descriptors_.empty() ? 0 : PortOf(descriptors_.front()); }

}  // namespace muster::net
