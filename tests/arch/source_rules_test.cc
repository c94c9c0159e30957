// Rules of house style that text can check: sizes, guards, contracts on top, platforms in files, no
// sleeping tests, no unfinished work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

std::vector<SourceFile> AllSources() {
  return ReadSources({"base", "proto", "store", "orchestrator", "worker", "tests"});
}

TEST(SourceRules, FilesStayReadable) {
  for (const SourceFile& file : AllSources()) {
    EXPECT_LE(file.lines.size(), 700u)
        << file.path << ": nothing above 700 lines; split by decision";
    if (file.lines.size() <= 500) continue;
    bool says_why = false;
    for (size_t i = 0; i < 20; ++i) says_why |= absl::StrContains(file.lines[i], "One file");
    EXPECT_TRUE(says_why) << file.path << " has " << file.lines.size()
                          << " lines: split it, or say at the top \"One file because …\"";
  }
}

TEST(SourceRules, GuardsAreThePath) {
  for (const SourceFile& file : AllSources()) {
    if (!absl::EndsWith(file.path, ".h")) continue;
    const std::string guard = absl::StrCat(
        "#ifndef MUSTER_",
        absl::AsciiStrToUpper(absl::StrReplaceAll(file.path, {{"/", "_"}, {".", "_"}, {"-", "_"}})),
        "_");
    bool found = false;
    for (const std::string& line : file.lines) found |= line == guard;
    EXPECT_TRUE(found) << file.path << " lacks " << guard;
  }
}

// The header is the contract: it begins with a comment that says what the file is for.
TEST(SourceRules, HeadersBeginWithTheirContract) {
  for (const SourceFile& file : AllSources()) {
    if (!absl::EndsWith(file.path, ".h")) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(absl::StartsWith(file.lines[0], "// ") && file.lines[0].size() > 12)
        << file.path << " does not begin with a comment that explains it";
  }
}

// Nor inside the folders of platforms: a file there belongs to one system.
const std::regex& SystemConditions() {
  static const auto* const conditions = new std::regex(
      "^\\s*#\\s*(if|ifdef|ifndef|elif|elifdef)\\b.*\\b(_WIN32|_WIN64|WIN32|__MINGW|"
      "_MSC_VER|__CYGWIN__|__linux|__unix|__APPLE__|_POSIX_)");
  return *conditions;
}

TEST(SourceRules, PlatformsDifferInFilesNotInLines) {
  for (const SourceFile& file : AllSources()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], SystemConditions()))
          << file.path << ":" << i + 1
          << ": one header, one source per system, chosen by CMake; see base/platform";
    }
  }
}

TEST(SourceRules, SystemConditionsAreSeenAndOthersAreNot) {
  for (const char* bad : {"#ifdef _WIN32", "#if defined(_WIN32) && X", "  #  elif __linux__",
                          "#ifndef __unix__", "#if __MINGW32__", "#ifdef _MSC_VER"}) {
    EXPECT_TRUE(std::regex_search(bad, SystemConditions())) << bad;
  }
  for (const char* good : {"#ifdef NDEBUG", "// #ifdef _WIN32 is not written here", "#ifdef EDQUOT",
                           "#if defined(__SANITIZE_THREAD__)", "#define SECURITY_WIN32",
                           "#ifndef MUSTER_BASE_PLATFORM_POSIX_DESCRIPTOR_H_"}) {
    EXPECT_FALSE(std::regex_search(good, SystemConditions())) << good;
  }
}

TEST(SourceRules, NothingSleepsThrowsOrIsLeftUnfinished) {
  struct Ban {
    const char* folder;
    const char* pattern;
    const char* reason;
  };
  // Patterns are split so that this file does not ban itself.
  const Ban bans[] = {
      {"^tests/",
       "sleep"
       "_for|Sleep"
       "For\\(|\\busleep"
       "\\(|sleep"
       "_until",
       "tests wait on conditions or virtual time"},
      {"^(base|proto|store|orchestrator|worker)/",
       "\\bthrow"
       "\\b[^_]*;",
       "errors are values"},
      {"^(base|proto|store|orchestrator|worker|tests)/",
       "TO"
       "DO|FIX"
       "ME|XX"
       "X:",
       "unfinished work is an issue, not a comment"},
      {"^(base|proto|store|orchestrator|worker|tests)/",
       "std::opt"
       "ional<std::string_"
       "view>|absl::opt"
       "ional|absl::var"
       "iant",
       "std's optional and variant, absl's string_view"},
  };
  for (const SourceFile& file : AllSources()) {
    for (const Ban& ban : bans) {
      if (!std::regex_search(file.path, std::regex(ban.folder))) continue;
      const std::regex pattern(ban.pattern);
      for (size_t i = 0; i < file.lines.size(); ++i) {
        const std::string& line = file.lines[i];
        if (absl::StrContains(absl::StripLeadingAsciiWhitespace(line).substr(0, 2), "//") &&
            ban.folder[1] == '(' && absl::StrContains(ban.reason, "values")) {
          continue;  // Prose may speak of throwing.
        }
        EXPECT_FALSE(std::regex_search(line, pattern))
            << file.path << ":" << i + 1 << ": " << ban.reason;
      }
    }
  }
}

}  // namespace
}  // namespace muster::arch
