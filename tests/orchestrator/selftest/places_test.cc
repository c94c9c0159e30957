// Each place is really looked at: what is put there is found, with its neighbors in the way.
#include "orchestrator/selftest/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/timed_flag.h"
#include "orchestrator/selftest/program.h"

namespace muster::selftest {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// Not in this program as it stands: it would find itself.
std::string Secret() {
  std::string secret;
  for (int i = 0; i < 24; ++i) secret.push_back(static_cast<char>('a' + (i * 7 + getpid()) % 26));
  return secret;
}

class PlacesTest : public testing::Test {
 protected:
  PlacesTest() {
    folder_ = (std::filesystem::temp_directory_path() / "muster-places-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    search_.Plant("key", secret_);
  }
  ~PlacesTest() override { std::filesystem::remove_all(folder_); }

  Program::Options Shell(std::vector<std::string> more = {}) {
    Program::Options options{.words = {"/bin/sh", "-c", "read x; echo read; read y"},
                             .folder = folder_,
                             .output = folder_ + "/output"};
    options.words.insert(options.words.end(), more.begin(), more.end());
    return options;
  }
  void AwaitOutput() {
    TimedFlag never;
    while (std::filesystem::file_size(folder_ + "/output") == 0) {
      never.Await(absl::Milliseconds(5));
    }
  }
  template <typename Seen>
  void AwaitSeen(Seen seen) {
    TimedFlag never;
    while (!seen()) never.Await(absl::Milliseconds(5));
  }

  std::string folder_;
  const std::string secret_ = Secret();
  SecretSearch search_;
};

TEST_F(PlacesTest, FilesAreReadToTheirEnd) {
  const auto all = [](const std::string&) { return true; };
  EXPECT_TRUE(LookAtFiles("x", folder_, all, search_).failed) << "nothing is there";
  std::filesystem::create_directory(folder_ + "/deep");
  // Across the border between two pieces.
  std::ofstream(folder_ + "/deep/file") << std::string((1 << 20) - 5, 'x') << secret_ << "tail";
  const Place place = LookAtFiles("x", folder_, all, search_);
  EXPECT_THAT(place.found, Contains(Trace{"key", "plain"}));
  EXPECT_THAT(place.looked_at, HasSubstr("1 file, 1.0 MiB"));
  EXPECT_TRUE(LookAtFiles(
                  "x", folder_, [](const std::string&) { return false; }, search_)
                  .failed);
}

TEST_F(PlacesTest, MemoryOfAProgram) {
  Program::Options options = Shell();
  options.input = secret_ + "\n";
  const auto leaky = Program::Start(options);
  ASSERT_TRUE(leaky.ok()) << leaky.status();
  AwaitOutput();
  EXPECT_THAT(LookAtMemory("x", (*leaky)->pid(), search_).found, Contains(Trace{"key", "plain"}));
  std::filesystem::remove(folder_ + "/output");
  options.input = "nothing of the kind\n";
  const auto clean = Program::Start(options);
  ASSERT_TRUE(clean.ok()) << clean.status();
  AwaitOutput();
  const Place place = LookAtMemory("x", (*clean)->pid(), search_);
  EXPECT_THAT(place.found, IsEmpty());
  EXPECT_TRUE(place.looked && !place.failed) << place.looked_at;
  EXPECT_FALSE(LookAtMemory("x", 0, search_).looked) << "no such process";
}

TEST_F(PlacesTest, ArgumentsAndEnvironments) {
  ProcessWatch watch(search_);
  watch.Start();
  const auto in_arguments = Program::Start(Shell({"sh", secret_}));
  ASSERT_TRUE(in_arguments.ok());
  AwaitSeen([&] { return !watch.arguments().found.empty(); });
  Program::Options options = Shell();
  options.variables = {absl::StrCat("X=", secret_)};
  const auto in_environment = Program::Start(options);
  ASSERT_TRUE(in_environment.ok());
  AwaitSeen([&] { return !watch.environments().found.empty(); });
  watch.Stop();
  EXPECT_FALSE(watch.arguments().failed);
  EXPECT_FALSE(watch.environments().failed);
}

TEST_F(PlacesTest, ProgramsEndWithTheirCodeAndWhatTheySaidIsKept) {
  Program::Options options{.words = {"/bin/sh", "-c", "echo out; echo err >&2; exit 7"},
                           .folder = folder_,
                           .output = folder_ + "/output"};
  const auto program = Program::Start(options);
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(*(*program)->Wait(absl::Seconds(60)), 7);
  std::stringstream said;
  said << std::ifstream(folder_ + "/output").rdbuf();
  EXPECT_EQ(said.str(), "out\nerr\n");
  const auto waits = Program::Start(Shell());
  EXPECT_TRUE(absl::IsDeadlineExceeded((*waits)->Wait(absl::Milliseconds(20)).status()));
  (*waits)->Signal(15);
  EXPECT_EQ(*(*waits)->Wait(absl::Seconds(60)), 128 + 15);
  options.words = {"/nonexistent"};
  EXPECT_FALSE(Program::Start(options).ok());
}

}  // namespace
}  // namespace muster::selftest
