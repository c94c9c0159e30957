#include "orchestrator/app/packet_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/secret.h"

namespace muster::app {
namespace {

// For some hundred answers that wait to be read.
constexpr int kBufferBytes = 2 << 20;

}  // namespace

absl::StatusOr<std::pair<std::unique_ptr<PacketSocket>, std::unique_ptr<PacketSocket>>>
PacketSocket::MakePair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::UnavailableError(absl::StrCat("socketpair: ", std::strerror(errno)));
  }
  for (const int end : ends) {
    setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  }
  return std::make_pair(std::make_unique<PacketSocket>(ends[0]),
                        std::make_unique<PacketSocket>(ends[1]));
}

PacketSocket::~PacketSocket() { close(fd_); }

bool PacketSocket::Send(absl::string_view packet) {
  if (packet.size() > kMaxPacket) return false;
  ssize_t sent = 0;
  do {
    sent = send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(packet.size());
}

std::optional<std::string> PacketSocket::Receive() {
  buffer_.resize(kMaxPacket);
  iovec part = {buffer_.data(), buffer_.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    size = recvmsg(fd_, &message, 0);
  } while (size < 0 && errno == EINTR);
  if (size <= 0 || (message.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  std::string packet = buffer_.substr(0, static_cast<size_t>(size));
  Wipe(buffer_);
  return packet;
}

void PacketSocket::End() { shutdown(fd_, SHUT_RDWR); }

}  // namespace muster::app
