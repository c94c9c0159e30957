// The program without a session: help, usage, and how it runs other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/platform/signals.h"
#include "tests/worker/program_fixture.h"

namespace muster::worker {
namespace {

TEST(ProcessRunnerTest, PassesArgumentsAsTheyAreAndKeepsTheOutput) {
  EXPECT_EQ(RunProgram({"%s|%s", "a b;$HOME'\"", "*"}, "printf").output, "a b;$HOME'\"|*");
  EXPECT_EQ(RunProgram({"-c", "echo out; echo err >&2; exit 3"}, "sh").exit_code, 3);
  EXPECT_EQ(RunProgram({"-c", "echo out; echo err >&2"}, "sh").output, "out\nerr\n");
  EXPECT_EQ(RunProgram({"-c", "kill -9 $$"}, "sh").exit_code, 128 + 9);
}

// A daemon ignores some signals; what it runs must not.
TEST(ProcessRunnerTest, ProgramsDoNotInheritWhatIsIgnoredHere) {
  IgnoreFailedWrites();
  EXPECT_EQ(RunProgram({"-c", "kill -PIPE $$"}, "sh").exit_code, 128 + SIGPIPE);
}

TEST(ProcessRunnerTest, EndsWhatHangsAndNamesWhatIsMissing) {
  ProcessRequest request;
  request.program = "sleep";
  request.arguments.push_back(Secret::CopyOf("60"));
  request.timeout = absl::Milliseconds(100);
  const auto runner = MakeProcessRunner();
  EXPECT_TRUE(absl::IsDeadlineExceeded(runner->Run(request).status()));
  request.program = "/no/such/program";
  EXPECT_TRUE(absl::IsNotFound(runner->Run(request).status()));
}

// The program opens a pipe as its first deed, so that the stop meets it and not its start.
TEST(ProcessRunnerTest, AStopEndsWhatRunsAndStartsNothingMore) {
  const TempDir folder;
  const std::string sign = folder.path() + "/running";
  ASSERT_EQ(mkfifo(sign.c_str(), 0600), 0);
  ProcessRequest request;
  request.program = "sh";
  for (const std::string& argument : {std::string("-c"), "echo > " + sign + "; exec sleep 300"}) {
    request.arguments.push_back(Secret::CopyOf(argument));
  }
  const auto runner = MakeProcessRunner();
  absl::Status status;
  std::thread running([&] { status = runner->Run(request).status(); });
  std::ifstream opened(sign);  // Waits until the program has opened it too.
  runner->Stop();
  running.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(absl::IsCancelled(runner->Run(request).status()));
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
  const ProcessAnswer address = RunProgram({"run", "--address", "nonsense"});
  EXPECT_EQ(address.exit_code, kExitUsage);
  EXPECT_THAT(address.output, testing::HasSubstr("HOST:PORT"));
}

TEST(ProgramTest, ErrorsSayWhatToDo) {
  const TempDir folder;
  const std::string data = folder.path() + "/data";
  const ProcessAnswer run = RunProgram({"run", "--data-dir", data});
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.output, testing::HasSubstr("E-WORKER-NOT-ENROLLED"));
  EXPECT_THAT(run.output, testing::HasSubstr("muster-worker enroll"));
  EXPECT_FALSE(std::filesystem::exists(data)) << "only an enrollment makes it";
  std::ofstream(folder.path() + "/token") << "not a token";
  const ProcessAnswer enroll =
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/token"});
  EXPECT_EQ(enroll.exit_code, kExitUsage);
  EXPECT_THAT(enroll.output, testing::HasSubstr("E-TOKEN-MALFORMED"));
  // A token that others can read is theirs, too; what the message says leads out.
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  std::filesystem::permissions(folder.path() + "/token", std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const ProcessAnswer loose =
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/token"});
  EXPECT_THAT(loose.output, testing::HasSubstr("chmod 600 '" + folder.path() + "/token'"));
  std::filesystem::permissions(folder.path() + "/token", std::filesystem::perms::owner_read |
                                                             std::filesystem::perms::owner_write);
  EXPECT_THAT(
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/token"}).output,
      testing::HasSubstr("E-TOKEN-MALFORMED"));
  EXPECT_EQ(
      RunProgram({"enroll", "--data-dir", data, "--token-file", folder.path() + "/none"}).exit_code,
      kExitStartFailed);
}

}  // namespace
}  // namespace muster::worker
