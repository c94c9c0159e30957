// The program itself: exit codes, signals, and how it runs other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>

#include "proto/rpc/token_file.h"
#include "tests/worker/fake_orchestrator.h"
#include "tests/worker/worker_fixture.h"
#include "worker/app/commands.h"
#include "worker/platform/process.h"

extern char** environ;

namespace muster::worker {
namespace {

ProcessAnswer RunProgram(const std::vector<std::string>& arguments,
                         const std::string& program = MUSTER_WORKER_PROGRAM) {
  ProcessRequest request;
  request.program = program;
  for (const std::string& argument : arguments) {
    request.arguments.push_back(Secret::CopyOf(argument));
  }
  const auto answer = SystemProcessRunner().Run(request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.value_or(ProcessAnswer{});
}

TEST(ProcessRunnerTest, PassesArgumentsAsTheyAreAndKeepsTheOutput) {
  EXPECT_EQ(RunProgram({"%s|%s", "a b;$HOME'\"", "*"}, "printf").output, "a b;$HOME'\"|*");
  EXPECT_EQ(RunProgram({"-c", "echo out; echo err >&2; exit 3"}, "sh").exit_code, 3);
  EXPECT_EQ(RunProgram({"-c", "echo out; echo err >&2"}, "sh").output, "out\nerr\n");
  EXPECT_EQ(RunProgram({"-c", "kill -9 $$"}, "sh").exit_code, 128 + 9);
}

TEST(ProcessRunnerTest, EndsWhatHangsAndNamesWhatIsMissing) {
  ProcessRequest request;
  request.program = "sleep";
  request.arguments.push_back(Secret::CopyOf("60"));
  request.timeout = absl::Milliseconds(100);
  EXPECT_TRUE(absl::IsDeadlineExceeded(SystemProcessRunner().Run(request).status()));
  request.program = "/no/such/program";
  EXPECT_TRUE(absl::IsNotFound(SystemProcessRunner().Run(request).status()));
}

TEST(ProgramTest, HelpAndUsage) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"enroll", "--help"},
                                                    {"run", "--help"},
                                                    {"status", "--help"},
                                                    {"--version"}}) {
    const ProcessAnswer answer = RunProgram(arguments);
    EXPECT_EQ(answer.exit_code, kExitStopped) << answer.output;
    EXPECT_FALSE(answer.output.empty());
  }
  EXPECT_EQ(RunProgram({}).exit_code, kExitUsage);
  EXPECT_EQ(RunProgram({"run", "--nonsense"}).exit_code, kExitUsage);
  EXPECT_EQ(RunProgram({"run", "--log-format", "xml"}).exit_code, kExitUsage);
}

TEST(ProgramTest, ErrorsSayWhatToDo) {
  const TempDir folder;
  const std::string data = folder.path() + "/data";
  const ProcessAnswer run = RunProgram({"run", "--data-dir", data});
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.output, testing::HasSubstr("E-WORKER-NOT-ENROLLED"));
  EXPECT_THAT(run.output, testing::HasSubstr("muster-worker enroll"));
  std::ofstream(folder.path() + "/token") << "not a token";
  const ProcessAnswer enroll =
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/token"});
  EXPECT_EQ(enroll.exit_code, kExitUsage);
  EXPECT_THAT(enroll.output, testing::HasSubstr("E-TOKEN-MALFORMED"));
  EXPECT_EQ(
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/none"}).exit_code,
      kExitStartFailed);
}

class RunningProgramTest : public testing::Test {
 protected:
  RunningProgramTest() {
    const std::string token = folder_.path() + "/token";
    std::ofstream(token) << rpc::FormatTokenFile(orchestrator_.token());
    const ProcessAnswer answer =
        RunProgram({"enroll", "--data-dir", data_dir_, "--token-file", token});
    EXPECT_EQ(answer.exit_code, kExitStopped) << answer.output;
  }
  pid_t Spawn() {
    std::vector<std::string> words = {MUSTER_WORKER_PROGRAM, "run", "--data-dir", data_dir_};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    EXPECT_EQ(posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ), 0);
    return pid;
  }
  static int ExitCodeAfter(pid_t pid, int signal) {
    if (signal != 0) kill(pid, signal);
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  TempDir folder_;
  FakeOrchestrator orchestrator_{Pin()};
  const std::string data_dir_ = folder_.path() + "/data";
};

TEST_F(RunningProgramTest, ASignalStopsItAndItsStatusIsKnown) {
  const pid_t pid = Spawn();
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  EXPECT_THAT(RunProgram({"status", "--data-dir", data_dir_}).output,
              testing::AllOf(testing::HasSubstr("srv-test"), testing::HasSubstr(" running")));
  EXPECT_EQ(ExitCodeAfter(pid, SIGTERM), kExitStopped);
  const ProcessAnswer stopped = RunProgram({"status", "--data-dir", data_dir_});
  EXPECT_EQ(stopped.exit_code, kExitStopped) << stopped.output;
  EXPECT_THAT(stopped.output, testing::HasSubstr("not running"));
}

TEST_F(RunningProgramTest, AfterAKillItComesBack) {
  pid_t pid = Spawn();
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  EXPECT_EQ(ExitCodeAfter(pid, SIGKILL), 128 + SIGKILL);
  pid = Spawn();
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  EXPECT_EQ(ExitCodeAfter(pid, SIGINT), kExitStopped);
}

TEST_F(RunningProgramTest, RefusedForGoodEndsIt) {
  const pid_t pid = Spawn();
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  v1::OrchestratorMessage goodbye;
  goodbye.mutable_goodbye()->set_code("E-CERT-REVOKED");
  orchestrator_.Send(goodbye);
  orchestrator_.EndSession();
  EXPECT_EQ(ExitCodeAfter(pid, 0), kExitUsage);
}

}  // namespace
}  // namespace muster::worker
