// Every 'muster …' that a remedy names is a command, and every flag it names there exists.
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

constexpr absl::string_view kRemedies[] = {
#define MUSTER_FAILURE(name, text, failure_class, owner, status, remedy) remedy,
#include "base/failure_codes.inc"
#undef MUSTER_FAILURE
};

class RemedyCommandsTest : public CliTest {
 protected:
  // What may stand behind these words, as the shells are told.
  std::set<std::string> Next(std::vector<std::string> words, const std::string& begin) {
    words.insert(words.begin(), {"completion", "words", "--"});
    words.push_back(begin);
    EXPECT_EQ(RunWithoutSocket(words), 0);
    return absl::StrSplit(out_, '\n', absl::SkipEmpty());
  }
};

TEST_F(RemedyCommandsTest, TheCommandsAndFlagsOfTheRemediesExist) {
  const std::regex quoted("'muster ([^']*)'");
  int commands = 0;
  for (const absl::string_view remedy : kRemedies) {
    const std::string text(remedy);
    for (std::sregex_iterator it(text.begin(), text.end(), quoted), end; it != end; ++it) {
      ++commands;
      std::vector<std::string> before;
      const std::string command = (*it)[1];
      const std::vector<std::string> words = absl::StrSplit(command, ' ');
      for (const std::string& word : words) {
        const bool flag = absl::StartsWith(word, "--");
        if (!flag && absl::ascii_isupper(static_cast<unsigned char>(word[0]))) continue;  // NAME
        EXPECT_TRUE(Next(before, word).contains(word)) << word << " in: " << remedy;
        if (!flag) before.push_back(word);
      }
    }
  }
  EXPECT_GT(commands, 20) << "the remedies were not found";
}

}  // namespace
}  // namespace muster::cli
