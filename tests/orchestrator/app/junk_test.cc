// Connections that talk nonsense, a few hundred at each door: they fill no log and keep nobody out.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

class JunkTest : public testing::Test {
 protected:
  JunkTest() {
    log::SetSinkForTesting([this](absl::string_view line) {
      MutexLock lock(&mu_);
      bytes_ += line.size();
      lines_.emplace_back(line);
    });
    EXPECT_TRUE(orchestrator_.Start().ok());
    MutexLock lock(&mu_);
    bytes_ = 0;
    lines_.clear();
  }
  ~JunkTest() override {
    orchestrator_.Stop();
    log::SetSinkForTesting(nullptr);
  }

  // Sends `junk` and reads until the other side closes.
  static bool Knock(int port, const std::string& junk) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience = {20, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool closed = false;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
      (void)!send(fd, junk.data(), junk.size(), MSG_NOSIGNAL);
      char answer[256];
      ssize_t count = 1;
      while (count > 0) count = recv(fd, answer, sizeof(answer), 0);
      closed = count == 0 || errno == ECONNRESET;
    }
    close(fd);
    return closed;
  }
  std::vector<int> Doors() {
    const Endpoints& at = orchestrator_.get().endpoints();
    return {at.session_port, at.bootstrap_port, at.admin_port};
  }
  size_t Bytes() {
    MutexLock lock(&mu_);
    return bytes_;
  }
  std::vector<std::string> Lines(const std::string& with) {
    MutexLock lock(&mu_);
    std::vector<std::string> found;
    std::copy_if(lines_.begin(), lines_.end(), std::back_inserter(found),
                 [&with](const std::string& line) { return line.find(with) != std::string::npos; });
    return found;
  }

  TestOrchestrator orchestrator_;
  Mutex mu_;
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

constexpr int kKnocks = 200;  // At each door.

TEST_F(JunkTest, WhatFailsIsToldOfAFewTimesWithTheNumberOfTheOthers) {
  // No TLS; begins as TLS and is none; a record longer than TLS allows; a hello that is empty.
  const std::vector<std::string> junk = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                         "SSH-2.0-OpenSSH_9.2p1\r\n",
                                         std::string("\0\0\0\x2a\xff\xffxxxxxxxx", 14),
                                         "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                         std::string("\x16\x03\x01\x00\x05hello", 10),
                                         std::string("\x16\x03\x03\xff\xff", 5) + "xxxxxxxx",
                                         std::string("\x16\x03\x01\x00\x04\x01\0\0\0", 9)};
  for (const int door : Doors()) {
    for (int i = 0; i < kKnocks; ++i) {
      ASSERT_TRUE(Knock(door, junk[i % junk.size()])) << i;
    }
  }
  EXPECT_LE(Lines("msg=grpc").size(), 40u);
  EXPECT_LT(Bytes(), 32u << 10) << 3 * kKnocks << " connections";
  EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
}

// The look of a load balancer, and many at once that wait and say nothing.
TEST_F(JunkTest, WhoSaysNothingKeepsNobodyOut) {
  std::vector<int> silent;
  for (const int door : Doors()) {
    for (int i = 0; i < 100; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in to = {};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<uint16_t>(door));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
      if (i % 2 == 0) {
        close(fd);
      } else {
        silent.push_back(fd);
      }
    }
  }
  const absl::Status applied = orchestrator_.ApplyFleet({"acme"}, "https://hub.example");
  EXPECT_TRUE(applied.ok()) << applied;
  EXPECT_LT(Bytes(), 8u << 10);
  for (const int fd : silent) close(fd);
}

}  // namespace
}  // namespace muster::app
