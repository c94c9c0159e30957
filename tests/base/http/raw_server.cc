#include "tests/base/http/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

int Bound(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  *port = ntohs(address.sin_port);
  return fd;
}

// The size of the first whole request in `bytes`, 0 if there is none yet.
size_t RequestSize(const std::string& bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  size_t body = 0;
  if (const size_t at = bytes.find("Content-Length: "); at < end) {
    if (!absl::SimpleAtoi(bytes.substr(at + 16, bytes.find("\r\n", at) - at - 16), &body))
      std::abort();
  }
  return bytes.size() >= end + 4 + body ? end + 4 + body : 0;
}

}  // namespace

RawServer::RawServer(Answer answer, const Identity* identity) : answer_(std::move(answer)) {
  if (identity != nullptr) {
    tls_ = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate(tls_, identity->certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(tls_, identity->key.get()) != 1) {
      std::abort();
    }
  }
  signal(SIGPIPE, SIG_IGN);  // As the programs do: TLS writes to a connection that has ended.
  listener_ = Bound(&port_);
  if (listen(listener_, 64) != 0) std::abort();
  acceptor_ = std::thread([this] { Accept(); });
}

RawServer::~RawServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mu_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  SSL_CTX_free(tls_);
}

std::string RawServer::Url(const std::string& path) const {
  return absl::StrCat(tls_ == nullptr ? "http" : "https", "://127.0.0.1:", port_, path);
}

std::vector<std::string> RawServer::requests() {
  MutexLock lock(&mu_);
  return requests_;
}

int RawServer::connections() {
  MutexLock lock(&mu_);
  return static_cast<int>(threads_.size());
}

void RawServer::Accept() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    MutexLock lock(&mu_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { Serve(fd); });
  }
}

void RawServer::Serve(int fd) {
  SSL* ssl = nullptr;
  bool alive = true;
  if (tls_ != nullptr) {
    ssl = SSL_new(tls_);
    SSL_set_fd(ssl, fd);
    alive = SSL_accept(ssl) == 1;
  }
  std::string bytes;
  std::array<char, 4096> buffer;
  while (alive) {
    const size_t size = RequestSize(bytes);
    if (size == 0) {
      const ssize_t got = ssl != nullptr ? SSL_read(ssl, buffer.data(), buffer.size())
                                         : recv(fd, buffer.data(), buffer.size(), 0);
      alive = got > 0;
      if (alive) bytes.append(buffer.data(), static_cast<size_t>(got));
      continue;
    }
    const std::string request = bytes.substr(0, size);
    bytes.erase(0, size);
    {
      MutexLock lock(&mu_);
      requests_.push_back(request);
    }
    const std::string answer = answer_(request);
    alive = answer.empty() || Send(fd, ssl, answer);
    while (alive && more_ && !answer.empty()) {
      const std::string more = more_();
      if (more.empty()) break;
      alive = Send(fd, ssl, more);
    }
    alive = alive && !answer.empty() && !absl::StrContains(answer, "Connection: close");
  }
  if (ssl != nullptr) {
    SSL_shutdown(ssl);
    SSL_free(ssl);
  }
  MutexLock lock(&mu_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  close(fd);
}

bool RawServer::Send(int fd, ssl_st* ssl, const std::string& bytes) {
  if (ssl != nullptr) return SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) > 0;
  return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
}

int RefusingPort() {
  int port = 0;
  // Bound and never listened on: nobody else gets the port while the process lives.
  static_cast<void>(Bound(&port));
  return port;
}

std::string Ok(const std::string& body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ",
                      body.size(), "\r\n\r\n", body);
}

}  // namespace muster::http
