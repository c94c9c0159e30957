// How the orchestrator ends: each exit code that docs/operations.md names. Code 3 is in
// store_lost_test.cc, the many reasons for code 1 in start_faults_test.cc.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/integration/health_watch.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

int ExitCodeOf(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {OrchestratorProgram()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Process(command).Wait();
}

TEST(ExitCodeTest, HelpIs0AndNonsenseIs2) {
  EXPECT_EQ(ExitCodeOf({"--help"}), 0);
  EXPECT_EQ(ExitCodeOf({"serve", "--help"}), 0);
  EXPECT_EQ(ExitCodeOf({"--version"}), 0);
  EXPECT_EQ(ExitCodeOf({}), 2);
  EXPECT_EQ(ExitCodeOf({"serve", "--nonsense"}), 2);
  EXPECT_EQ(ExitCodeOf({"serve", "--verify-poll", "soon"}), 2);
  EXPECT_EQ(ExitCodeOf({"serve", "--log-level", "loud"}), 2);
  for (const char* address : {"nonsense", "", ":0", "127.0.0.1:65536", "127.0.0.1:-1"}) {
    EXPECT_EQ(ExitCodeOf({"serve", "--admin-listen", address}), 2) << address;
    EXPECT_EQ(ExitCodeOf({"serve", "--public-admin-address", address}), 2) << address;
  }
  EXPECT_EQ(ExitCodeOf({"serve", "--public-admin-address", "muster.example:0"}), 2);
}

// What stands in the certificates for ever is looked at first: nothing is made of a bad one.
TEST(ExitCodeTest, InitTakesHostsAndNothingElse) {
  const std::string root = testing::TempDir() + absl::StrCat("/muster-init-", getpid());
  const auto init = [&root](const std::string& flag, const std::string& address) {
    Process process({OrchestratorProgram(), "init", "--data-dir", root, flag, address});
    const int code = process.Wait();
    EXPECT_EQ(std::filesystem::exists(root), code == 0) << flag << " " << address;
    if (code == 2) {
      EXPECT_THAT(process.Output(), testing::HasSubstr(flag + ": "));
    }
    std::filesystem::remove_all(root);
    return code;
  };
  for (const char* address : {"",
                              " muster",
                              "muster ",
                              "a b",
                              "https://muster.example",
                              "muster.example:8443",
                              "muster.example/x",
                              "user@muster",
                              "*.example",
                              "[::1]:80",
                              "1.2.3.4.5",
                              "a..b",
                              "h\xC3\xBC",
                              "muster\n",
                              "-h.example",
                              "a-",
                              "0.0.0.0",
                              "::",
                              "224.0.0.1",
                              "ff02::1"}) {
    EXPECT_EQ(init("--address", address), 2) << address;
  }
  for (const char* address : {"muster.example", "Muster.Example.", "10.0.0.7", "2001:DB8::1"}) {
    EXPECT_EQ(init("--address", address), 0) << address;
  }
}

// Nobody reads its standard error, and strangers make it say much: it works on, and a stop is a stop.
TEST(ExitCodeTest, ABlockedLogStopsNeitherTheWorkNorTheStop) {
  app::TestOrchestrator orchestrator;
  app::Endpoints at;
  {
    Process before(ServeCommand(orchestrator.data_dir()));
    at = AwaitReady(before);
    before.Signal(SIGTERM);
    EXPECT_EQ(before.Wait(), 0);
  }
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
  while (write(pipe_ends[1], "full", 4) > 0) {
  }
  ASSERT_EQ(fcntl(pipe_ends[1], F_SETFL, 0), 0);
  std::string words;
  for (const std::string& word : ServeCommand(orchestrator.data_dir(), at)) {
    absl::StrAppend(&words, " '", word, "'");
  }
  Process running({"/bin/sh", "-c",
                   absl::StrCat("exec 2>/proc/", getpid(), "/fd/", pipe_ends[1], "; exec", words,
                                " --log-level debug")});
  orchestrator.Attach(at);
  ASSERT_TRUE(orchestrator.OperatorChannel()->WaitForConnected(std::chrono::system_clock::now() +
                                                               std::chrono::minutes(1)));
  for (int i = 0; i < 50; ++i) {
    const absl::Status applied =
        orchestrator.ApplyFleet({absl::StrCat("tenant-", i)}, absl::StrCat("https://hub-", i));
    EXPECT_TRUE(applied.ok()) << applied;
  }
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(ExitCodeTest, StoppedBySigintOrSigtermIs0) {
  app::TestOrchestrator orchestrator;
  for (const int signal : {SIGINT, SIGTERM}) {
    Process running(ServeCommand(orchestrator.data_dir()));
    AwaitReady(running);
    running.Signal(signal);
    EXPECT_EQ(running.Wait(), 0) << running.Output();
  }
}

// Somebody's Watch of the health, as load balancers hold them open for ever, on any listener.
TEST(ExitCodeTest, OpenHealthWatchesDoNotHoldUpTheStop) {
  app::TestOrchestrator orchestrator;
  auto command = ServeCommand(orchestrator.data_dir());
  command.insert(command.end(), {"--stop-deadline", "1h"});
  Process running(command);
  orchestrator.Attach(AwaitReady(running));
  HealthWatch operators(orchestrator.OperatorChannel());
  HealthWatch local(orchestrator.SocketChannel());
  HealthWatch machines(orchestrator.BootstrapChannel());
  HealthWatch unknown(orchestrator.OperatorChannel(), "no.such.Service");
  for (HealthWatch* watch : {&operators, &local, &machines}) ASSERT_TRUE(watch->AwaitServing());
  running.Signal(SIGTERM);
  for (HealthWatch* watch : {&operators, &local, &machines}) {
    EXPECT_TRUE(watch->AwaitNotServing()) << "the first step of the stop";
  }
  EXPECT_EQ(running.Wait(), 0) << running.Output();
}

TEST(ExitCodeTest, ASecondSignalWhileItStopsIs4) {
  app::TestOrchestrator orchestrator;
  auto command = ServeCommand(orchestrator.data_dir());
  command.insert(command.end(), {"--stop-deadline", "1h"});
  Process running(command);
  orchestrator.Attach(AwaitReady(running));
  HealthWatch health(orchestrator.OperatorChannel());
  ASSERT_TRUE(health.AwaitServing());
  // Somebody's call that does not end: the stop waits for it, up to its deadline.
  const OpenCall call(orchestrator.OperatorChannel(),
                      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  running.Signal(SIGTERM);
  EXPECT_NE(running.AwaitLine("stopping"), "");
  EXPECT_TRUE(health.AwaitNotServing());
  running.Signal(SIGTERM);
  EXPECT_EQ(running.Wait(), 4) << running.Output();

  // Forced or not, the next start finds everything.
  Process again(ServeCommand(orchestrator.data_dir()));
  AwaitReady(again);
  again.Signal(SIGTERM);
  EXPECT_EQ(again.Wait(), 0) << again.Output();
}

}  // namespace
}  // namespace muster
