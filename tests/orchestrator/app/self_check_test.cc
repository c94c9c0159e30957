// What the orchestrator finds out about itself, and what it tells over HTTP.
#include "orchestrator/app/self_check.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "orchestrator/app/http_listener.h"
#include "orchestrator/app/listener_probe.h"
#include "tests/fakes/fake_clock.h"

namespace muster::app {
namespace {

using api::SystemCheck;
using testing::HasSubstr;

class AtOnce final : public Executor {
 public:
  void Run(absl::AnyInvocable<void()> task) override { task(); }
};

// A strand that can stand still.
class StallingStrand final : public Strand {
 public:
  void Post(Task task) override {
    if (!stalled) task();
  }
  bool stalled = false;
};

class HealthOnlyStore final : public store::Store {
 public:
  absl::StatusOr<std::unique_ptr<store::Transaction>> Begin() override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<std::unique_ptr<store::Snapshot>> Read() const override {
    return absl::UnimplementedError("");
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  bool CheckpointIsDue() const override { return false; }
  absl::Status Checkpoint() override { return absl::OkStatus(); }
  store::StoreHealth Health() const override { return health; }
  store::StoreHealth health;
};

class SelfCheckTest : public testing::Test {
 protected:
  SelfCheckTest() {
    log::SetSinkForTesting([this](absl::string_view line) { lines_.emplace_back(line); });
    check_.Add(ListenerCheck{"session", [this] { return session_; }});
    check_.Add(ExpiryCheck{"certificate authority", [this] { return expires_; },
                           absl::Hours(24 * 60), "Rotate it."});
    disk_.Start();
    check_.Start();
  }
  ~SelfCheckTest() override { log::SetSinkForTesting(nullptr); }
  SystemCheck Get(const std::string& name) {
    for (const SystemCheck& check : check_.Report().checks) {
      if (check.name == name) return check;
    }
    ADD_FAILURE() << "no check " << name;
    return {};
  }

  FakeClock clock_;
  AtOnce pool_;
  StallingStrand strand_;
  HealthOnlyStore store_;
  absl::StatusOr<int64_t> free_ = 10'000 * kMebibyte;
  DiskWatch disk_{
      {.directory = "/data", .free_bytes = [this](const auto&) { return free_; }}, clock_, pool_};
  absl::Status session_;
  absl::Time expires_ = clock_.Now() + absl::Hours(24 * 365);
  std::vector<std::string> lines_;
  SelfCheck check_{{.data_dir = "/no/such/folder"},
                   {.store = store_,
                    .disk = disk_,
                    .strand = strand_,
                    .pool = pool_,
                    .timers = clock_,
                    .clock = clock_}};
};

TEST_F(SelfCheckTest, AllIsWell) {
  clock_.Advance(absl::Minutes(10));
  const api::SystemReport report = check_.Report();
  EXPECT_TRUE(report.ready);
  EXPECT_TRUE(check_.alive());
  for (const SystemCheck& check : report.checks) {
    EXPECT_EQ(check.result == SystemCheck::Result::kOk, check.name != "backup") << check.name;
    EXPECT_EQ(check.next.empty(), check.result == SystemCheck::Result::kOk) << check.name;
  }
  EXPECT_EQ(report.disk_free_bytes, 10'000 * kMebibyte);
  EXPECT_TRUE(lines_.empty()) << lines_.front();
}

TEST_F(SelfCheckTest, AListenerThatDoesNotAnswerIsDeadTheSecondTime) {
  session_ = absl::DeadlineExceededError("no handshake");
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Get("listener session").result, SystemCheck::Result::kWarning);
  EXPECT_TRUE(check_.Report().ready);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Get("listener session").result, SystemCheck::Result::kProblem);
  EXPECT_THAT(Get("listener session").seen, HasSubstr("no handshake"));
  EXPECT_FALSE(check_.Report().ready);
  EXPECT_TRUE(check_.alive()) << "a restart is somebody's decision";
  session_ = absl::OkStatus();
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(check_.Report().ready);
  ASSERT_EQ(lines_.size(), 3u) << "said once each";
  EXPECT_THAT(lines_[1], HasSubstr("level=error"));
  EXPECT_THAT(lines_[2], HasSubstr("result=ok"));
}

TEST_F(SelfCheckTest, AStrandThatStandsStillIsNotAlive) {
  strand_.stalled = true;
  clock_.Advance(absl::Seconds(50));
  EXPECT_TRUE(check_.alive());
  clock_.Advance(absl::Seconds(30));
  EXPECT_FALSE(check_.alive());
  EXPECT_FALSE(check_.Report().ready);
  EXPECT_EQ(Get("control").result, SystemCheck::Result::kProblem);
}

TEST_F(SelfCheckTest, WhatOthersFoundOutStandsUntilTheyFindAnother) {
  check_.Set({"workers", SystemCheck::Result::kProblem, "3 end", "Look."});
  EXPECT_FALSE(check_.Report().ready);
  clock_.Advance(absl::Seconds(10));
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], HasSubstr("3 end"));
  check_.Set({"workers", SystemCheck::Result::kOk, "none ends", ""});
  EXPECT_TRUE(check_.Report().ready);
  EXPECT_EQ(Get("workers").seen, "none ends");
}

TEST_F(SelfCheckTest, StoreDiskAndCertificates) {
  store_.health = {.read_only = true, .reason = "E-STORE-FULL: no space"};
  EXPECT_FALSE(check_.Report().ready);
  EXPECT_THAT(Get("store").seen, HasSubstr("E-STORE-FULL"));
  store_.health = {};
  free_ = 100 * kMebibyte;
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(Get("disk").result, SystemCheck::Result::kWarning);
  EXPECT_TRUE(check_.Report().ready) << "it still works";
  expires_ = clock_.Now() + absl::Hours(24 * 59);
  EXPECT_EQ(Get("certificate authority").result, SystemCheck::Result::kWarning);
  EXPECT_EQ(Get("certificate authority").next, "Rotate it.");
  expires_ = clock_.Now();
  EXPECT_EQ(Get("certificate authority").result, SystemCheck::Result::kProblem);
  EXPECT_FALSE(check_.Report().ready);
}

TEST(ListenerProbeTest, TheAddressFromInside) {
  EXPECT_EQ(AddressToProbe("0.0.0.0:0", 8443), "127.0.0.1:8443");
  EXPECT_EQ(AddressToProbe("[::]:8443", 8443), "[::1]:8443");
  EXPECT_EQ(AddressToProbe("10.0.0.7:0", 9), "10.0.0.7:9");
  EXPECT_EQ(AddressToProbe("[fd00::7]:1", 1), "[fd00::7]:1");
  EXPECT_EQ(AddressToProbe("unix:/run/x.sock", 0), "unix:/run/x.sock");
}

int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// What the probe answers to these bytes, up to its end of the connection.
std::string Ask(int port, const std::string& bytes) {
  const int fd = ConnectTo(port);
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return answer;
}

TEST(HttpListenerTest, AnswersGetAndNothingElse) {
  const auto probe = HttpListener::Start({.name = "health", .address = "127.0.0.1:0"},
                                         [](const std::string& path) -> HttpAnswer {
                                           if (path == "/readyz") return {503, "{\"ready\":false}"};
                                           return {200, path == "/healthz" ? "{}" : ""};
                                         });
  ASSERT_TRUE(probe.ok()) << probe.status();
  const int port = (*probe)->port();
  EXPECT_THAT(Ask(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("HTTP/1.1 200 OK"));
  const std::string ready = Ask(port, "GET /readyz?verbose HTTP/1.0\r\n\r\n");
  EXPECT_THAT(ready, HasSubstr(" 503 "));
  EXPECT_THAT(ready, testing::EndsWith("{\"ready\":false}"));
  EXPECT_THAT(Ask(port, "HEAD /readyz HTTP/1.1\r\n\r\n"), testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(Ask(port, "GET / HTTP/1.1\r\n\r\n"), HasSubstr(" 404 "));
  EXPECT_THAT(Ask(port, "POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), HasSubstr(" 405 "));
  for (const char* nonsense : {"nonsense\r\n\r\n", "\x16\x03\x01\x02\x03\r\n\r\n"}) {
    EXPECT_EQ(Ask(port, nonsense), "");
  }
  EXPECT_EQ(Ask(port, "GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\n\r\n"), "");
  EXPECT_THAT(Ask(port, "GET /healthz HTTP/1.1\r\n\r\n"), HasSubstr(" 200 "));
}

// However long they may stay.
TEST(HttpListenerTest, WhoHoldsConnectionsKeepsNobodyOut) {
  const auto listener = HttpListener::Start({.name = "health",
                                             .address = "127.0.0.1:0",
                                             .most_connections = 2,
                                             .ask_within = absl::Hours(1)},
                                            [](const std::string&) -> HttpAnswer {
                                              return {200, "here"};
                                            });
  ASSERT_TRUE(listener.ok()) << listener.status();
  std::vector<int> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(ConnectTo((*listener)->port()));
  EXPECT_THAT(Ask((*listener)->port(), "GET / HTTP/1.1\r\n\r\n"), testing::EndsWith("here"));
  char byte = 0;
  for (int i = 0; i < 9; ++i) EXPECT_LE(recv(silent[i], &byte, 1, 0), 0) << i;
  EXPECT_EQ(send(silent[9], "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 18);
  EXPECT_EQ(recv(silent[9], &byte, 1, 0), 1) << "the newest is none of those that had to go";
  for (const int fd : silent) close(fd);
}

TEST(HttpListenerTest, ASilentConnectionEnds) {
  const auto listener = HttpListener::Start(
      {.name = "health", .address = "127.0.0.1:0", .ask_within = absl::Milliseconds(20)},
      [](const std::string&) { return HttpAnswer{}; });
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(Ask((*listener)->port(), ""), "");
  EXPECT_EQ(Ask((*listener)->port(), "GET / HT"), "");
}

TEST(HttpListenerTest, AddressesThatCannotBeListenedOn) {
  const auto answer = [](const std::string&) { return HttpAnswer{}; };
  const auto first = HttpListener::Start({.name = "x", .address = "127.0.0.1:0"}, answer);
  ASSERT_TRUE(first.ok());
  for (const std::string& address :
       {absl::StrCat("127.0.0.1:", (*first)->port()), std::string("no.such.host:1"),
        std::string("203.0.113.77:1"), std::string("127.0.0.1"), std::string("127.0.0.1:"),
        std::string("127.0.0.1:x"), std::string("127.0.0.1:65536"), std::string("127.0.0.1:-1"),
        std::string("")}) {
    EXPECT_EQ(
        FailureCodeOf(HttpListener::Start({.name = "x", .address = address}, answer).status()),
        FailureCode::kSystemListen)
        << address;
  }
}

}  // namespace
}  // namespace muster::app
