// `muster-orchestrator selftest secrets` with the real programs: nothing is found, and what is
// planted is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "orchestrator/selftest/secret_search.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Selftest(std::vector<std::string> more = {}) {
  std::vector<std::string> command = {OrchestratorProgram(), "selftest", "secrets"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

// Its minute and more are over when it has said one of these.
std::string OutputOf(Process& running) {
  for (int minute = 0; minute < 5; ++minute) {
    if (!running.AwaitLine("secret").empty() || !running.Output().empty()) break;
  }
  return running.Output();
}

std::string LineOf(const std::string& output, absl::string_view place) {
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (absl::StartsWith(line, place)) return std::string(line);
  }
  return "";
}

TEST(SelftestTest, FindsNothing) {
  Process running(Selftest());
  const std::string output = OutputOf(running);
  EXPECT_EQ(running.Wait(), 0) << output;
  for (const char* place :
       {"process list", "environments", "memory of the orchestrator", "memory of its door",
        "memory of the worker", "core dumps", "logs, all levels", "answers and errors",
        "database, with its WAL", "worker's journal", "backup", "all other files"}) {
    EXPECT_NE(LineOf(output, place), "") << place << " was not looked at:\n" << output;
  }
}

TEST(SelftestTest, FindsEachPlantedLeakAndNeverTellsTheSecret) {
  Process running(Selftest({"--leak", "process-list", "--leak", "environment", "--leak", "memory",
                            "--leak", "log", "--leak", "answer", "--leak", "database", "--leak",
                            "journal", "--leak", "core-dump"}));
  const std::string output = OutputOf(running);
  EXPECT_EQ(running.Wait(), 1) << output;
  const std::pair<const char*, const char*> expected[] = {
      {"process list", "the joining key: its first half"},
      {"environments", "the joining key: base64"},
      {"memory of a program that leaks", "plain"},
      {"logs, all levels", "the joining key: backwards"},
      {"answers and errors", "the joining key: percent-encoded"},
      {"database, with its WAL", "the joining key: UTF-16"},
      {"worker's journal", "the joining key: hexadecimal"},
      {"core dumps", "the joining key: its second half"}};
  for (const auto& [place, found] : expected) {
    EXPECT_THAT(LineOf(output, place), HasSubstr(found)) << output;
  }
  EXPECT_THAT(LineOf(output, "backup"), HasSubstr("nothing"));

  const std::vector<std::string> words = absl::StrSplit(LineOf(output, "folder "), ' ');
  ASSERT_GT(words.size(), 1u) << output;
  std::string key;
  std::ifstream(words[1] + "/plant/key") >> key;
  ASSERT_FALSE(key.empty());
  std::set<selftest::Trace> told;
  selftest::SecretSearch search;
  search.Plant("joining key", key);
  search.Look(output, told);
  EXPECT_TRUE(told.empty()) << "the selftest tells the secret";
  std::filesystem::remove_all(words[1]);
}

TEST(SelftestTest, SaysWhatItLacks) {
  Process running(Selftest({"--programs", "/usr"}));
  EXPECT_EQ(running.Wait(), 1);
  EXPECT_THAT(running.Output(), HasSubstr("there is no muster in /usr; install it"));
  EXPECT_EQ(Process(Selftest({"--leak", "nowhere"})).Wait(), 2);
}

}  // namespace
}  // namespace muster
