// Help and documents say the same: each flag of each program stands on the page that lists it, with
// its default where the page has a column for that, and the pages name no flag that no program has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/integration/process.h"

namespace muster {
namespace {

std::string Page(const std::string& path) {
  std::ifstream in(std::string(MUSTER_SOURCE_DIR "/") + path);
  EXPECT_TRUE(in.is_open()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

// A program's command, as words behind the program's name, and what its help says.
using Helps = std::map<std::string, std::string>;

// Asks the program, and each command that its help names, for help.
void Ask(const std::string& program, const std::vector<std::string>& words, Helps& helps) {
  std::vector<std::string> command = {program};
  command.insert(command.end(), words.begin(), words.end());
  command.push_back("--help");
  Process process(command);
  ASSERT_EQ(process.Wait(), 0) << absl::StrJoin(command, " ");
  const std::string help = process.Output();
  helps[absl::StrJoin(words, " ")] = help;
  bool commands = false;
  for (const std::string& line : LinesOf(help)) {
    if (absl::StartsWith(line, "Subcommands:")) {
      commands = true;
    } else if (commands && (line.empty() || line[0] != ' ')) {
      commands = false;
    } else if (commands && line.size() > 2 && line[2] != ' ') {
      std::vector<std::string> next = words;
      next.push_back(line.substr(2, line.find(' ', 2) - 2));
      Ask(program, next, helps);
    }
  }
}

Helps HelpsOf(const std::string& program) {
  Helps helps;
  Ask(program, {}, helps);
  return helps;
}

struct Flag {
  std::string name;    // "--log-level"
  std::string preset;  // Its default; empty where help shows none.
};

// The flags that one help text describes: "  -o,--output TEXT:{…}=table  …".
std::vector<Flag> FlagsIn(const std::string& help) {
  std::vector<Flag> flags;
  const std::regex described(
      "^ {2,6}(?:-[a-zA-Z],)?(--[a-z][a-z0-9-]*)(?: [^ =]+(?: in \\[[^\\]]*\\])?(?:=([^ ]+))?)?(?: "
      ".*)?$");
  for (const std::string& line : LinesOf(help)) {
    std::smatch match;
    if (std::regex_match(line, match, described)) flags.push_back({match[1], match[2]});
  }
  return flags;
}

bool Names(const std::string& text, const std::string& flag) {
  for (size_t at = text.find(flag); at != std::string::npos; at = text.find(flag, at + 1)) {
    const size_t end = at + flag.size();
    const bool longer =
        end < text.size() && (isalnum(static_cast<unsigned char>(text[end])) || text[end] == '-');
    if (!longer) return true;
  }
  return false;
}

// CLI11's own, which every program has.
bool IsOfEveryProgram(const std::string& flag) { return flag == "--help" || flag == "--version"; }

struct Listing {
  const char* program;
  const char* command;  // Prefix of the command's words.
  const char* page;     // Where its flags stand.
};
// The first that fits.
const Listing kListings[] = {
    {MUSTER_PROGRAM, "", "docs/cli.md"},
    {MUSTER_ORCHESTRATOR_PROGRAM, "serve", "docs/configuration.md"},
    {MUSTER_ORCHESTRATOR_PROGRAM, "", "docs/operations.md"},
    {MUSTER_WORKER_PROGRAM, "", "docs/workers.md"},
    {MUSTER_SIM_PROGRAM, "", "tests/doubles/README.md"},
};
const std::set<std::string> kPrograms = {MUSTER_PROGRAM, MUSTER_ORCHESTRATOR_PROGRAM,
                                         MUSTER_WORKER_PROGRAM, MUSTER_SIM_PROGRAM};

TEST(HelpTest, EveryFlagStandsOnItsPage) {
  for (const std::string& program : kPrograms) {
    const Helps helps = HelpsOf(program);
    EXPECT_GT(helps.size(), 3u) << program << ": its commands were not found";
    for (const auto& [command, help] : helps) {
      for (const Listing& listing : kListings) {
        if (listing.program != program || !absl::StartsWith(command, listing.command)) continue;
        const std::string page = Page(listing.page);
        for (const Flag& flag : FlagsIn(help)) {
          if (IsOfEveryProgram(flag.name)) continue;
          EXPECT_TRUE(Names(page, flag.name)) << listing.page << " does not have " << flag.name
                                              << " of " << program << " " << command;
        }
        break;
      }
    }
  }
}

// The table of serve has a column for what is without the flag.
TEST(HelpTest, DefaultsOfServeAreThoseOfItsTable) {
  const std::string page = Page("docs/configuration.md");
  int compared = 0;
  for (const Flag& flag : FlagsIn(HelpsOf(MUSTER_ORCHESTRATOR_PROGRAM)["serve"])) {
    if (flag.preset.empty() || absl::StartsWith(flag.name, "--keep-") ||
        absl::EndsWith(flag.name, "-listen")) {
      continue;  // Retention stands in docs/operations.md in words; three listeners share a row.
    }
    for (const std::string& line : LinesOf(page)) {
      if (!absl::StartsWith(line, "|") || !Names(line, flag.name)) continue;
      ++compared;
      EXPECT_THAT(line, testing::HasSubstr(flag.preset)) << flag.name;
      break;
    }
  }
  EXPECT_GT(compared, 15);
}

// Flags of other programs that the pages speak of.
const std::set<std::string>& Foreign() {
  static const auto* const flags = new std::set<std::string>{
      "--arch",        // deploy/packages/build
      "--offline",     // systemd-analyze
      "--now",         // systemctl
      "--stdin-name",  // ansible-vault
  };
  return *flags;
}

TEST(HelpTest, ThePagesNameNoFlagThatIsNotThere) {
  std::set<std::string> there;
  for (const std::string& program : kPrograms) {
    for (const auto& [command, help] : HelpsOf(program)) {
      for (const Flag& flag : FlagsIn(help)) there.insert(flag.name);
    }
  }
  const std::regex named("(?:^|[^-A-Za-z0-9])(--[a-z][a-z0-9-]*)");
  for (const char* path : {"README.md", "docs/cli.md", "docs/configuration.md", "docs/install.md",
                           "docs/operations.md", "docs/workers.md", "docs/rmm.md",
                           "docs/security.md", "docs/protocol.md"}) {
    const std::string page = Page(path);
    for (std::sregex_iterator it(page.begin(), page.end(), named), end; it != end; ++it) {
      const std::string flag = (*it)[1];
      EXPECT_TRUE(there.contains(flag) || Foreign().contains(flag) || absl::EndsWith(flag, "-"))
          << path << " speaks of " << flag << ", which no program has";
    }
  }
}

TEST(HelpTest, FlagsAreFoundInHelp) {
  const auto flags = FlagsIn(
      "Run.\n  -h,--help   Print this\n  --rate FLOAT=12\n        Joins --not-this\n"
      "  --log TEXT:{a,b}=a  Words\n  --memory INT:INT in [32 - 65536]=128\n  --switch   On\n"
      "  --file TEXT REQUIRED   A file\n");
  std::vector<std::string> said;
  for (const Flag& flag : flags) said.push_back(absl::StrCat(flag.name, "=", flag.preset));
  EXPECT_THAT(said, testing::ElementsAre("--help=", "--rate=12", "--log=a", "--memory=128",
                                         "--switch=", "--file="));
  EXPECT_TRUE(Names("say `--keep-audit` here", "--keep-audit"));
  EXPECT_FALSE(Names("say `--keep-audit-events` here", "--keep-audit"));
}

}  // namespace
}  // namespace muster
