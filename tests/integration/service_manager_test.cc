// What the orchestrator tells the service manager (deploy/systemd/muster-orchestrator.service): that
// it is ready, that it lives, that it stops.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

// Listens as systemd does.
class ServiceManager {
 public:
  ServiceManager() : name_(absl::StrCat("@muster-test-", getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    address.sun_path[0] = '\0';
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())),
              0);
  }
  ~ServiceManager() { close(fd_); }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  const std::string& name() const { return name_; }
  // Blocks until it is told something; "" after a minute of silence.
  std::string Next() {
    std::array<char, 64> text{};
    const ssize_t size = recv(fd_, text.data(), text.size(), 0);
    return size < 0 ? "" : std::string(text.data(), static_cast<size_t>(size));
  }

 private:
  const std::string name_;
  int fd_ = -1;
};

TEST(ServiceManagerTest, HearsWhenItIsReadyThatItLivesAndThatItStops) {
  app::TestOrchestrator orchestrator;
  ServiceManager manager;
  std::vector<std::string> command = {"/usr/bin/env", "NOTIFY_SOCKET=" + manager.name(),
                                      "WATCHDOG_USEC=400000"};
  for (const std::string& word : ServeCommand(orchestrator.data_dir())) command.push_back(word);
  Process running(command);
  ASSERT_EQ(manager.Next(), "READY=1") << running.Output();
  EXPECT_GT(AwaitReady(running).session_port, 0);  // It listens already.
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
  running.Signal(SIGTERM);
  std::string last;
  while ((last = manager.Next()) == "WATCHDOG=1") {
  }
  EXPECT_EQ(last, "STOPPING=1");
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

// One that does not start says nothing: systemd sees its end.
TEST(ServiceManagerTest, HearsNothingOfOneThatDoesNotStart) {
  ServiceManager manager;
  Process running({"/usr/bin/env", "NOTIFY_SOCKET=" + manager.name(), OrchestratorProgram(),
                   "serve", "--data-dir", "/nonexistent"});
  EXPECT_EQ(running.Wait(), 1);
  const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  manager.name().copy(address.sun_path, sizeof(address.sun_path) - 1);
  address.sun_path[0] = '\0';
  EXPECT_EQ(sendto(sender, "end", 3, 0, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + manager.name().size())),
            3);
  EXPECT_EQ(manager.Next(), "end");  // And nothing before it.
  close(sender);
}

}  // namespace
}  // namespace muster
