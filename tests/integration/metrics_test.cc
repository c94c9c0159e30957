// What Prometheus gets of the running program.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "orchestrator/metrics/catalog.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// -1: nobody listens there.
int DialMetrics(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

// What is answered to these bytes, up to the end of the connection.
std::string AskMetrics(int port, const std::string& bytes) {
  const int fd = DialMetrics(port);
  if (fd < 0) return "";
  std::string answer;
  if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size())) {
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(got));
    }
  }
  close(fd);
  return answer;
}

class MetricsTest : public testing::Test {
 protected:
  std::vector<std::string> Serve(const std::string& address) {
    auto command = ServeCommand(orchestrator_.data_dir());
    command.insert(command.end(), {"--metrics-listen", address, "--self-check-interval", "50ms"});
    return command;
  }
  // The first page that holds `text`; the last one within a minute.
  static std::string AwaitPage(int port, const std::string& text) {
    std::string page;
    const absl::Time deadline = absl::Now() + absl::Minutes(1);
    do {
      page = AskMetrics(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    } while (!absl::StrContains(page, text) && absl::Now() < deadline);
    return page;
  }
  app::TestOrchestrator orchestrator_;
};

TEST_F(MetricsTest, AFleetIsOnThePageWithoutItsNames) {
  Process running(Serve("127.0.0.1:0"));
  const app::Endpoints at = AwaitReady(running);
  orchestrator_.Attach(at);
  ASSERT_NE(at.metrics_port, 0);
  ASSERT_TRUE(orchestrator_.ApplyFleet({"acme", "globex"}, "https://hub.example").ok());
  ASSERT_TRUE(orchestrator_.Import("acme", {"very-own-name-1", "very-own-name-2"}).ok());
  const std::string page = AwaitPage(
      at.metrics_port,
      "muster_servers{tenant=\"acme\",zone=\"acme/prod\",enrollment=\"not_enrolled\"} 2\n");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(page, HasSubstr("muster_coverage_ratio{tenant=\"acme\",zone=\"acme/prod\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("muster_zones 2\n"));
  EXPECT_THAT(page, HasSubstr("muster_ready 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_listener_connections{listener=\"admin\"}"));
  EXPECT_THAT(page, HasSubstr("muster_check_level{check=\"listener session\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("muster_disk_free_bytes "));
  EXPECT_THAT(page, HasSubstr("muster_store_database_bytes "));
  EXPECT_THAT(page, HasSubstr("muster_authority_end_timestamp_seconds "));
  EXPECT_THAT(page, HasSubstr("muster_listener_certificate_end_timestamp_seconds "));
  EXPECT_THAT(page, HasSubstr("muster_metrics_failures_total 0\n"));
  EXPECT_THAT(page, HasSubstr("muster_hub_standing{tenant=\"acme\",zone=\"acme/prod\",standing="));
  EXPECT_THAT(page, HasSubstr("muster_commands_sent_total{kind=\"join\"} 0\n"));
  for (const char* nobodys : {"very-own-name", "hub.example", "join-secret-canary", "changeme!",
                              "managedinstance", "127.0.0.1"}) {
    EXPECT_THAT(page, Not(HasSubstr(nobodys)));
  }

  std::set<std::string> names;
  for (const auto& spec : metrics::Catalog()) names.insert(spec.name);
  int types = 0;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (!absl::StartsWith(line, "# TYPE ")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    EXPECT_TRUE(names.contains(words[2])) << words[2] << " is not in the catalog";
    ++types;
  }
  EXPECT_GT(types, 30);
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

TEST_F(MetricsTest, NothingElseIsAnswered) {
  Process running(Serve("127.0.0.1:0"));
  const int port = AwaitReady(running).metrics_port;
  AwaitPage(port, " 200 OK");
  const auto status = [port](const std::string& request) {
    const std::string answer = AskMetrics(port, request);
    return answer.substr(0, answer.find('\r'));
  };
  EXPECT_EQ(status("GET /metrics?x=1 HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 OK");
  for (const char* path : {"/", "/other", "/metrics/", "/healthz", "/readyz", "//metrics"}) {
    EXPECT_EQ(status(absl::StrCat("GET ", path, " HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found")
        << path;
  }
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    EXPECT_EQ(status(absl::StrCat(method, " /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n")),
              "HTTP/1.1 405 Method Not Allowed");
  }
  const std::string head = AskMetrics(port, "HEAD /metrics HTTP/1.1\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, testing::EndsWith("\r\n\r\n"));
  const std::string nonsense[] = {
      "nonsense\r\n\r\n",
      "\x16\x03\x01\x02\x03\r\n\r\n",
      std::string(100, '\0'),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "POST /metrics HTTP/1.1\r\nContent-Length: 100000000000\r\n\r\n",
      absl::StrCat("GET /metrics?", std::string(100'000, 'x'), " HTTP/1.1\r\n\r\n"),
      absl::StrCat("GET /metrics HTTP/1.1\r\nX: ", std::string(100'000, 'x'), "\r\n\r\n")};
  for (const std::string& bytes : nonsense) EXPECT_EQ(AskMetrics(port, bytes), "");
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0);
}

// More than there is room for, and what they began to ask never ends.
TEST_F(MetricsTest, ConnectionsThatAreHeldHarmNobody) {
  Process running(Serve("127.0.0.1:0"));
  const app::Endpoints at = AwaitReady(running);
  orchestrator_.Attach(at);
  AwaitPage(at.metrics_port, " 200 OK");
  std::vector<int> held;
  for (int i = 0; i < 200; ++i) {
    held.push_back(DialMetrics(at.metrics_port));
    ASSERT_GE(held.back(), 0);
    if (i % 2 == 0) send(held.back(), "GET /metrics HT", 15, MSG_NOSIGNAL);
  }
  EXPECT_THAT(AskMetrics(at.metrics_port, "GET /metrics HTTP/1.1\r\n\r\n"),
              HasSubstr("muster_ready 1\n"));
  EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
  EXPECT_THAT(AwaitPage(at.metrics_port, "muster_zones 1\n"), HasSubstr("muster_zones 1\n"));
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
  for (const int fd : held) close(fd);
}

TEST_F(MetricsTest, AnAddressThatCannotBeListenedOnIsTheEnd) {
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&at), &size), 0);
  for (const std::string& address :
       {absl::StrCat("127.0.0.1:", ntohs(at.sin_port)), std::string("a-host.example:1")}) {
    Process refused(Serve(address));
    EXPECT_EQ(refused.Wait(), 1);
    EXPECT_THAT(refused.Output(), HasSubstr("E-SYSTEM-LISTEN"));
    EXPECT_THAT(refused.Output(), HasSubstr(absl::StrCat("the metrics listener on ", address)));
  }
  close(taken);
}

TEST_F(MetricsTest, AMistypedAddressIsNamedWithItsFlag) {
  for (const char* address : {"127.0.0.1", "127.0.0.1:65536", "127.0.0.1:x", ":8447", ""}) {
    Process refused(Serve(address));
    EXPECT_EQ(refused.Wait(), 2) << address;
    EXPECT_THAT(refused.Output(), HasSubstr("--metrics-listen"));
  }
}

TEST_F(MetricsTest, NobodyListensUnlessAsked) {
  Process running(ServeCommand(orchestrator_.data_dir()));
  const app::Endpoints at = AwaitReady(running);
  EXPECT_EQ(at.metrics_port, 0);
  EXPECT_THAT(running.Output(), HasSubstr(" metrics_port=0"));
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0);
}

}  // namespace
}  // namespace muster
