// Every 'muster …' that a remedy, a finding or an alert names is a command, and every flag it names
// there exists.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

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

const std::set<std::string> kNouns = {"explain", "finding", "hub",   "rollout",
                                      "server",  "sweep",   "token", "zone"};

class RemedyCommandsTest : public CliTest {
 protected:
  // What may stand behind these words, as the shells are told.
  std::set<std::string> Next(std::vector<std::string> words, const std::string& begin) {
    words.insert(words.begin(), {"completion", "words", "--"});
    words.push_back(begin);
    EXPECT_EQ(RunWithoutSocket(words), 0);
    return absl::StrSplit(out_, '\n', absl::SkipEmpty());
  }
  void ExpectCommand(const std::string& command, const std::string& in) {
    const std::vector<std::string> words = absl::StrSplit(command, ' ', absl::SkipEmpty());
    std::vector<std::string> before;
    std::vector<std::string> verbs;
    for (const std::string& word : words) {
      const auto first = static_cast<unsigned char>(word[0]);
      const bool flag = word[0] == '-';
      const bool value = !before.empty() && before.back()[0] == '-';
      if (!absl::ascii_isupper(first) && !absl::ascii_isdigit(first)) {  // NAME, 5
        EXPECT_TRUE(Next(before, word).contains(word)) << word << " in: " << in;
        if (!flag && !value) verbs.push_back(word);
      }
      before.push_back(word);
    }
    // A noun alone is no command: 'muster explain acme/prod/web-1' was one.
    EXPECT_TRUE(verbs.size() != 1 || !kNouns.contains(verbs.front())) << in;
  }
};

TEST_F(RemedyCommandsTest, TheCommandsAndFlagsOfTheRemediesExist) {
  const std::regex quoted("'muster ([^']*)'");
  int commands = 0;
  for (const absl::string_view remedy : kRemedies) {
    const std::string text(remedy);
    for (std::sregex_iterator it(text.begin(), text.end(), quoted), end; it != end; ++it) {
      ++commands;
      ExpectCommand((*it)[1], text);
    }
  }
  EXPECT_GT(commands, 20) << "the remedies were not found";
}

// Those that findings tell to type stand in one source, each before the server or zone that follows.
TEST_F(RemedyCommandsTest, TheCommandsOfTheFindingsExist) {
  std::ifstream file(MUSTER_SOURCE_DIR "/orchestrator/core/report/finding_text.cc");
  std::stringstream source;
  source << file.rdbuf();
  const std::string text = source.str();
  const std::regex literal("\"muster ([^\"\\\\]*)\"");
  int commands = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), literal), end; it != end; ++it) {
    ++commands;
    ExpectCommand((*it)[1], (*it)[0]);
  }
  EXPECT_GT(commands, 6) << "the commands were not found";
}

TEST_F(RemedyCommandsTest, TheCommandsOfTheAlertsExist) {
  std::ifstream file(MUSTER_SOURCE_DIR "/deploy/monitoring/muster.rules.yml");
  std::stringstream rules;
  rules << file.rdbuf();
  const std::string text =
      std::regex_replace(rules.str(), std::regex("\\{\\{ \\$labels\\.[a-z]+ \\}\\}"), "LABEL");
  const std::regex command("command: \"muster ([^\"]*)\"");
  int commands = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), command), end; it != end; ++it) {
    ++commands;
    ExpectCommand((*it)[1], (*it)[0]);
  }
  EXPECT_GT(commands, 15) << "the commands were not found";
}

}  // namespace
}  // namespace muster::cli
