// What strangers do to the listeners of the running program with plain TCP: connections without
// end, with few descriptors to take them, and a listener that fails.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

// A plain TCP connection to this machine, from one of its addresses.
class PlainConnection {
 public:
  PlainConnection(int port, int last_byte, const std::string& words = "")
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in from = {};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<uint32_t>(last_byte));
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
    const timeval limit = {30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    if (!words.empty()) send(fd_, words.data(), words.size(), MSG_NOSIGNAL);
  }
  ~PlainConnection() { close(fd_); }
  PlainConnection(const PlainConnection&) = delete;
  PlainConnection& operator=(const PlainConnection&) = delete;
  // Blocks until the other side ends it; false when it does not within half a minute.
  bool IsEnded() {
    char bytes[4096];
    ssize_t size = 0;
    while ((size = recv(fd_, bytes, sizeof bytes, 0)) > 0) {
    }
    return size == 0 || errno == ECONNRESET;
  }

 private:
  const int fd_;
};

// As serve's command, with this limit of open files, soft and hard.
std::vector<std::string> WithFileLimit(int limit, const std::vector<std::string>& command) {
  std::vector<std::string> limited = {"/bin/sh", "-c",
                                      absl::StrCat("ulimit -n ", limit, " && exec \"$@\""), "sh"};
  limited.insert(limited.end(), command.begin(), command.end());
  return limited;
}

class CrowdTest : public testing::Test {
 protected:
  CrowdTest() {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  std::vector<std::string> Serve(std::vector<std::string> more = {}) {
    auto command = ServeCommand(orchestrator_.data_dir());
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  absl::Status AskAsOperator() {
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    muster::admin::v1::SystemStatus response;
    const grpc::Status status =
        muster::admin::v1::SystemService::NewStub(orchestrator_.OperatorChannel())
            ->GetStatus(&context, {}, &response);
    return status.ok() ? absl::OkStatus()
                       : absl::UnavailableError(std::string(status.error_message()));
  }

  app::TestOrchestrator orchestrator_;
};

TEST_F(CrowdTest, SilentConnectionsWithoutEndKeepNobodyOut) {
  Process running(WithFileLimit(300, Serve()));
  const app::Endpoints at = AwaitReady(running);
  orchestrator_.Attach(at);
  ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "http://127.0.0.1:9").ok());
  ASSERT_TRUE(orchestrator_.Import("acme", {"web-1", "web-2"}).ok());
  const auto token = orchestrator_.CreateToken("acme/prod", 2);
  ASSERT_TRUE(token.ok()) << token.status();
  const auto before = orchestrator_.Enroll(token->secret(), "web-1");
  ASSERT_TRUE(before.ok()) << before.status();
  {
    std::deque<PlainConnection> crowd;
    for (const int port : {at.session_port, at.bootstrap_port, at.admin_port}) {
      for (int i = 0; i < 500; ++i) crowd.emplace_back(port, 2 + i % 40);
    }
    EXPECT_TRUE(AskAsOperator().ok());
    const auto during = orchestrator_.Enroll(token->secret(), "web-2");
    EXPECT_TRUE(during.ok()) << during.status();
    EXPECT_TRUE(app::OpenSession(orchestrator_.SessionChannel(*before)).ok());
    EXPECT_NE(running.AwaitLine("connection refused"), "");
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(AskAsOperator().ok());
  EXPECT_TRUE(app::OpenSession(orchestrator_.SessionChannel(*before)).ok());
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

// A session with a good certificate that is one too many of its address is refused, and others come.
TEST_F(CrowdTest, AnAddressHasOnlySoManySessions) {
  Process running(Serve({"--max-sessions-per-address", "3"}));
  const app::Endpoints at = AwaitReady(running);
  std::deque<PlainConnection> silent;
  for (int i = 0; i < 3; ++i) silent.emplace_back(at.session_port, 7);
  PlainConnection fourth(at.session_port, 7);
  EXPECT_TRUE(fourth.IsEnded());
  EXPECT_THAT(running.AwaitLine("connection refused"), HasSubstr("too many of its address"));
}

// What looks like TLS and then stops costs a handshake's time, no more.
TEST_F(CrowdTest, AHandshakeThatStopsIsEnded) {
  Process running(Serve({"--handshake-timeout", "1s"}));
  const app::Endpoints at = AwaitReady(running);
  const std::string half("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const int port : {at.session_port, at.bootstrap_port, at.admin_port}) {
    PlainConnection stopped(port, 3, half);
    EXPECT_TRUE(stopped.IsEnded()) << port;
  }
}

TEST_F(CrowdTest, TooFewDescriptorsAreRefusedAtTheStart) {
  // Remedy walked: E-SYSTEM-DESCRIPTORS
  for (const int files : {200, 1000}) {
    Process refused(WithFileLimit(files, Serve({"--max-sessions", "800"})));
    EXPECT_EQ(refused.Wait(), 1);
    EXPECT_THAT(refused.Output(), HasSubstr("E-SYSTEM-DESCRIPTORS: the limit of open files ("));
  }
  for (const auto& remedy : {WithFileLimit(2000, Serve({"--max-sessions", "800"})),
                             WithFileLimit(1000, Serve({"--max-sessions", "400"}))}) {
    Process running(remedy);
    AwaitReady(running);
    running.Signal(SIGTERM);
    EXPECT_EQ(running.Wait(), 0) << running.Output();
  }
}

// The socket that listens on this port, out of another process's descriptors; -1 when there is
// none.
int StealListener(pid_t pid, int port) {
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  int found = -1;
  for (int fd = 3; fd < 300 && found < 0; ++fd) {
    const int copy = static_cast<int>(syscall(SYS_pidfd_getfd, process, fd, 0));
    if (copy < 0) continue;
    int listens = 0;
    socklen_t size = sizeof listens;
    sockaddr_in at = {};
    socklen_t at_size = sizeof at;
    if (getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
        getsockname(copy, reinterpret_cast<sockaddr*>(&at), &at_size) == 0 &&
        at.sin_family == AF_INET && ntohs(at.sin_port) == port) {
      found = copy;
    } else {
      close(copy);
    }
  }
  close(process);
  return found;
}

TEST_F(CrowdTest, AListenerThatFailsEndsTheProcessWith5) {
  // Remedy walked: E-SYSTEM-LISTENER-LOST
  const std::string port_file = orchestrator_.data_dir() + ".ports.json";
  Process running(Serve({"--port-file", port_file}));
  const app::Endpoints at = AwaitReady(running);
  orchestrator_.Attach(at);
  nlohmann::json ports;
  // The file comes right after the line, at once and whole.
  for (int i = 0; i < 1000 && !ports.is_object(); ++i) {
    std::ifstream file(port_file);
    ports = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (!ports.is_object()) (void)AskAsOperator();
  }
  ASSERT_TRUE(ports.is_object());
  const int listener = StealListener(ports.value("pid", 0), at.session_port);
  ASSERT_GE(listener, 0);
  shutdown(listener, SHUT_RDWR);
  close(listener);
  EXPECT_EQ(running.Wait(), 5) << running.Output();
  EXPECT_THAT(running.Output(), HasSubstr("E-SYSTEM-LISTENER-LOST: the session listener"));

  Process again(Serve());
  orchestrator_.Attach(AwaitReady(again));
  EXPECT_TRUE(AskAsOperator().ok());
}

}  // namespace
}  // namespace muster
