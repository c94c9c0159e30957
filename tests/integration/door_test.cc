// The door of the running program: what it gives up, and what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string ReadOf(pid_t pid, const char* file) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/", file), std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The one process whose parent is a serve on this data directory, and whose verb is door.
pid_t DoorOn(const std::string& data_dir) {
  const auto has_word = [](pid_t pid, const std::string& word) {
    return absl::StrCat(std::string(1, '\0'), ReadOf(pid, "cmdline"))
               .find(absl::StrCat(std::string(1, '\0'), word, std::string(1, '\0'))) !=
           std::string::npos;
  };
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid) || !has_word(pid, "door")) {
      continue;
    }
    const std::string status = ReadOf(pid, "status");
    int parent = 0;
    const size_t at = status.find("PPid:\t");
    if (at == std::string::npos ||
        !absl::SimpleAtoi(status.substr(at + 6, status.find('\n', at) - at - 6), &parent)) {
      continue;
    }
    if (has_word(parent, data_dir)) return pid;
  }
  return 0;
}

class DoorTest : public testing::Test {
 protected:
  std::vector<std::string> Serve(std::vector<std::string> more = {}) {
    auto command = ServeCommand(orchestrator_.data_dir());
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  void MakeFleet() {
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "http://127.0.0.1:9").ok());
    const auto token = orchestrator_.CreateToken("acme/prod", 20);
    ASSERT_TRUE(token.ok()) << token.status();
    token_ = token->secret();
  }
  absl::Status ComeIn(const std::string& name) {
    return orchestrator_.Enroll(token_, name).status();
  }

  app::TestOrchestrator orchestrator_;
  std::string token_;
};

TEST_F(DoorTest, HoldsNothingAndMayNothing) {
  Process running(Serve());
  orchestrator_.Attach(AwaitReady(running));
  MakeFleet();
  EXPECT_TRUE(ComeIn("web-1").ok());
  const pid_t door = DoorOn(orchestrator_.data_dir());
  ASSERT_GT(door, 0);
  const std::string status = ReadOf(door, "status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  if (geteuid() == 0) {
    EXPECT_THAT(status, Not(HasSubstr("Uid:\t0\t")));
    EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
    EXPECT_THAT(status, HasSubstr("Groups:\t \n"));
    EXPECT_EQ(ReadOf(door, "environ"), "");
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(absl::StrCat("/proc/", door, "/fd"), error)) {
      const std::string file = fs::read_symlink(entry.path(), error).string();
      EXPECT_THAT(file, Not(HasSubstr("muster.db")));
      EXPECT_THAT(file, Not(HasSubstr(orchestrator_.data_dir())));
    }
  }
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
  EXPECT_EQ(kill(door, 0), -1) << "an orderly stop takes it along";
}

TEST_F(DoorTest, IsStartedAgainAndNobodyNotices) {
  Process running(Serve());
  orchestrator_.Attach(AwaitReady(running));
  MakeFleet();
  const auto worker = orchestrator_.Enroll(token_, "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  for (int i = 2; i < 5; ++i) {
    const pid_t door = DoorOn(orchestrator_.data_dir());
    ASSERT_GT(door, 0);
    kill(door, SIGKILL);
    EXPECT_TRUE(app::OpenSession(orchestrator_.SessionChannel(*worker)).ok());
    // A machine tries again: its connection may have died with the door.
    absl::Status came_in = ComeIn(absl::StrCat("web-", i));
    for (int tries = 0; tries < 5 && !came_in.ok(); ++tries) {
      orchestrator_.BootstrapChannel()->WaitForConnected(
          absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
      came_in = ComeIn(absl::StrCat("web-", i));
    }
    EXPECT_TRUE(came_in.ok()) << came_in;
    EXPECT_NE(DoorOn(orchestrator_.data_dir()), door);
  }
  EXPECT_THAT(running.Output(), HasSubstr("the door ended; starting it again"));
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

TEST_F(DoorTest, EndsWithTheOrchestratorHoweverThatEnds) {
  Process running(Serve());
  AwaitReady(running);
  const pid_t door = DoorOn(orchestrator_.data_dir());
  ASSERT_GT(door, 0);
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, door, 0));
  ASSERT_GE(watch, 0);
  running.Signal(SIGKILL);
  running.Wait();
  // Readable when it has ended.
  pollfd ended = {.fd = watch, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 20'000), 1);
  close(watch);
}

TEST_F(DoorTest, IsNoCommandForPeople) {
  Process door({OrchestratorProgram(), "door", "--parent", "1", "--listeners", "1"});
  EXPECT_EQ(door.Wait(), 1);
  EXPECT_THAT(door.Output(), HasSubstr("use 'serve'"));
  Process help({OrchestratorProgram(), "--help"});
  help.Wait();
  EXPECT_THAT(help.Output(), Not(HasSubstr("Of serve itself")));
}

TEST_F(DoorTest, AUserThatIsNoneIsSaid) {
  if (geteuid() != 0) GTEST_SKIP() << "only root becomes another user";
  Process refused(Serve({"--door-user", "no-such-user"}));
  EXPECT_EQ(refused.Wait(), 1);
  EXPECT_THAT(refused.Output(), HasSubstr("E-SYSTEM-LISTEN"));
  EXPECT_THAT(refused.Output(), HasSubstr("name another with --door-user"));
}

}  // namespace
}  // namespace muster
