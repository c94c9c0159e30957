// Another user of the machine, for tests that run as root: a process that gives its rights away and
// then listens, accepts and reads like anybody could.
#ifndef MUSTER_TESTS_WORKER_OTHER_USER_H_
#define MUSTER_TESTS_WORKER_OTHER_USER_H_

#include <arpa/inet.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace muster::worker {

constexpr uint32_t kNobody = 65534;

struct ListenAt {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: the system chooses.
  // A socket that listens already, made by somebody else. Then address and port are its own.
  int inherited = -1;
  bool accepts = true;           // And answers every connection with a version.
  bool closes_listener = false;  // As soon as it has accepted one.
};

// A socket that listens, or -1. IPv6 when the address has a colon.
inline int ListenOn(const std::string& address, int port, int* chosen) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const bool v6 = address.find(':') != std::string::npos;
  if (v6) {
    auto* const to = reinterpret_cast<sockaddr_in6*>(&storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET6, address.c_str(), &to->sin6_addr) != 1) return -1;
    size = sizeof(*to);
  } else {
    auto* const to = reinterpret_cast<sockaddr_in*>(&storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET, address.c_str(), &to->sin_addr) != 1) return -1;
    size = sizeof(*to);
  }
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    close(fd);
    return -1;
  }
  *chosen = ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                     : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  return fd;
}

class OtherUser {
 public:
  explicit OtherUser(const ListenAt& at, uint32_t uid = kNobody) {
    EXPECT_EQ(pipe(reports_.data()), 0);
    pid_ = fork();
    if (pid_ == 0) Live(at, uid);
    close(reports_[1]);
    int32_t port = 0;
    if (read(reports_[0], &port, sizeof(port)) == sizeof(port)) port_ = port;
  }
  ~OtherUser() {
    End();
    close(reports_[0]);
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;

  int port() const { return port_; }  // 0: it could not listen.
  // Blocks until it has accepted a connection (and closed its listener, where it does).
  bool AwaitAccepted() {
    char accepted = 0;
    return read(reports_[0], &accepted, 1) == 1 && accepted == 'A';
  }
  // Ends it and returns what it was told in all, 'A' for each connection included.
  std::string End() {
    if (pid_ <= 0) return "";
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::string told;
    std::array<char, 4096> part;
    for (ssize_t size = 0; (size = read(reports_[0], part.data(), part.size())) > 0;) {
      told.append(part.data(), static_cast<size_t>(size));
    }
    return told;
  }

 private:
  [[noreturn]] void Live(const ListenAt& at, uint32_t uid) {
    if (setgroups(0, nullptr) != 0 || setgid(uid) != 0 || setuid(uid) != 0) _exit(1);
    int32_t port = -1;
    int chosen = 0;
    const int listener = at.inherited >= 0 ? at.inherited : ListenOn(at.address, at.port, &chosen);
    if (listener < 0) _exit(2);
    port = at.inherited >= 0 ? 1 : chosen;
    Tell(&port, sizeof(port));
    while (true) {
      if (!at.accepts) pause();
      const int fd = accept(listener, nullptr, nullptr);
      if (fd < 0) _exit(3);
      if (at.closes_listener) close(listener);
      Tell("A", 1);
      std::array<char, 4096> part;
      ssize_t size = 0;
      std::string head;
      while (head.find("\r\n\r\n") == std::string::npos &&
             (size = read(fd, part.data(), part.size())) > 0) {
        Tell(part.data(), static_cast<size_t>(size));
        head.append(part.data(), static_cast<size_t>(size));
      }
      constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n7.0.2.0";
      static_cast<void>(send(fd, kAnswer, sizeof(kAnswer) - 1, MSG_NOSIGNAL));
      close(fd);
      if (at.closes_listener) pause();
    }
  }
  void Tell(const void* bytes, size_t size) {
    if (write(reports_[1], bytes, size) < 0) _exit(4);
  }

  std::array<int, 2> reports_{-1, -1};
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_OTHER_USER_H_
