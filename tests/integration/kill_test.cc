// The orchestrator as a process: killed at any instant it goes on where it was (invariant 10), and
// it ends with the exit codes that the documentation names.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"

namespace muster {
namespace {

constexpr char kProgram[] = MUSTER_ORCHESTRATOR_PROGRAM;

std::vector<std::string> ServeCommand(const std::string& data_dir, const app::Endpoints& at = {}) {
  const auto local = [](int port) { return absl::StrCat("127.0.0.1:", port); };
  return {kProgram,
          "serve",
          "--data-dir",
          data_dir,
          "--session-listen",
          local(at.session_port),
          "--bootstrap-listen",
          local(at.bootstrap_port),
          "--admin-listen",
          local(at.admin_port),
          "--verify-poll",
          "200ms",
          "--join-rate-per-minute",
          "6000",
          "--retry-first",
          "200ms"};
}

std::string Field(const std::string& line, const std::string& name) {
  const size_t at = line.find(absl::StrCat(" ", name, "="));
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

int PortOf(const std::string& address) {
  return atoi(address.substr(address.rfind(':') + 1).c_str());
}

app::Endpoints AwaitReady(Process& process) {
  const std::string line = process.AwaitLine("orchestrator is ready");
  app::Endpoints at;
  if (line.empty()) {
    ADD_FAILURE() << "it did not start: " << process.Output();
    return at;
  }
  at.session_address = Field(line, "sessions");
  at.bootstrap_address = Field(line, "bootstrap");
  at.admin_address = Field(line, "admin");
  at.admin_socket = Field(line, "socket");
  at.session_port = PortOf(at.session_address);
  at.bootstrap_port = PortOf(at.bootstrap_address);
  at.admin_port = PortOf(at.admin_address);
  return at;
}

TEST(KillTest, KilledInTheMiddleEverythingIsEnrolledOnce) {
  constexpr int kServers = 12;
  MainJob job(kServers);
  auto process = std::make_unique<Process>(ServeCommand(job.orchestrator().data_dir()));
  const app::Endpoints at = AwaitReady(*process);
  job.orchestrator().Attach(at);
  job.Prepare(kServers);
  const std::string id = job.CreateJoin().rollout_id();
  std::string logs;
  // Killed when the hub has seen the first joins, and again later: each time in another state.
  for (const int joined : {1, 4, 8}) {
    EXPECT_TRUE(job.hub().Await(
        [joined](doubles::HubCore& core) { return core.counters.records_created >= joined; }));
    process->Signal(SIGKILL);
    EXPECT_EQ(process->Wait(), 128 + SIGKILL);
    logs += process->Output();
    process = std::make_unique<Process>(ServeCommand(job.orchestrator().data_dir(), at));
    ASSERT_NE(AwaitReady(*process).admin_port, 0);
  }
  const auto rollout = job.AwaitEnd(id);
  EXPECT_EQ(rollout.state(), "completed") << rollout.ShortDebugString();
  EXPECT_EQ(rollout.counts().succeeded(), kServers);
  EXPECT_EQ(job.RecordsOnHub(), kServers) << "one record each, no ghosts";
  EXPECT_EQ(job.Report().zones(0).enrolled(), kServers);

  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  logs += process->Output();
  EXPECT_EQ(logs.find(kJoinSecret), std::string::npos);
  EXPECT_EQ(job.FilesWithTheSecret(), std::vector<std::string>());
}

TEST(ExitCodeTest, EachEndHasItsCode) {
  app::TestOrchestrator orchestrator;
  const std::string& dir = orchestrator.data_dir();
  EXPECT_EQ(Process({kProgram, "--help"}).Wait(), 0);
  EXPECT_EQ(Process({kProgram, "serve", "--nonsense"}).Wait(), 2);
  EXPECT_EQ(Process({kProgram, "serve", "--verify-poll", "soon"}).Wait(), 2);
  const auto fails = [](const std::vector<std::string>& command, const std::string& code) {
    Process process(command);
    EXPECT_EQ(process.Wait(), 1);
    EXPECT_NE(process.AwaitLine(code), "") << process.Output();
  };
  fails({kProgram, "init", "--data-dir", dir}, "E-SYSTEM-ALREADY-INITIALIZED");
  fails(ServeCommand(dir + "-none"), "E-SYSTEM-NOT-INITIALIZED");
  {
    Process running(ServeCommand(dir));
    AwaitReady(running);
    fails(ServeCommand(dir), "E-SYSTEM-DATA-DIR-BUSY");
    running.Signal(SIGINT);
    EXPECT_EQ(running.Wait(), 0) << running.Output();
  }
  std::ofstream(app::DataPaths(dir).database(), std::ios::trunc) << std::string(100'000, 'x');
  fails(ServeCommand(dir), "E-STORE-CORRUPT");
}

}  // namespace
}  // namespace muster
