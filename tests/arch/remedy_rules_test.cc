// Every code that a person can meet is honest about its remedy. It was followed to its end by a
// test, which says so in a line "// Remedy walked: E-AREA-NAME, …", or with the programs, which is
// recorded in docs/remedies.md, or that page lists it as not walked yet. A new code in none of the
// three fails, and so does one that is walked and still listed: the list can only shrink.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kMarker[] = "// Remedy walked:";
constexpr char kPage[] = "docs/remedies.md";
constexpr char kNotWalkedHeading[] = "## Not walked yet";

std::set<std::string> CodesIn(const std::string& text) {
  static const std::regex* const code = new std::regex("E-[A-Z]+(-[A-Z0-9]+)+");
  std::set<std::string> codes;
  for (std::sregex_iterator it(text.begin(), text.end(), *code), end; it != end; ++it) {
    codes.insert(it->str());
  }
  return codes;
}

// What the page says: rows of walks, and the list under kNotWalkedHeading.
struct RemedyPage {
  std::vector<std::string> rows;  // As written.
  std::vector<std::string> not_walked;
  std::vector<std::string> other;  // Lines of that list that are no "- `E-…`".
};

RemedyPage ReadPage(const std::vector<std::string>& lines) {
  static const std::regex* const item = new std::regex("- `(E-[A-Z]+(-[A-Z0-9]+)+)`");
  RemedyPage page;
  bool in_list = false;
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "#")) in_list = line == kNotWalkedHeading;
    if (absl::StartsWith(line, "| `E-")) page.rows.push_back(line);
    if (!in_list || !absl::StartsWith(line, "-")) continue;
    std::smatch match;
    if (std::regex_match(line, match, *item)) {
      page.not_walked.push_back(match[1]);
    } else {
      page.other.push_back(line);
    }
  }
  return page;
}

std::vector<std::string> CellsOf(absl::string_view row) {
  std::vector<std::string> cells = absl::StrSplit(
      absl::StripSuffix(absl::StripPrefix(absl::StripAsciiWhitespace(row), "|"), "|"), '|');
  for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
  return cells;
}

// Where each code stands: code → the places that walk it.
using Places = std::map<std::string, std::string>;

// One line for every break of the rule.
std::vector<std::string> BreaksOf(const std::set<std::string>& codes, const Places& walks,
                                  const std::vector<std::string>& not_walked) {
  std::vector<std::string> breaks;
  const std::set<std::string> listed(not_walked.begin(), not_walked.end());
  for (const std::string& code : codes) {
    if (walks.contains(code) || listed.contains(code)) continue;
    breaks.push_back(absl::StrCat(code,
                                  ": produce it, follow its remedy literally, see it end well"
                                  "; then write \"",
                                  kMarker, " ", code, "\" into that test or record it in ", kPage));
  }
  for (const std::string& code : listed) {
    if (!codes.contains(code)) breaks.push_back(absl::StrCat(code, ": listed, but no code"));
    const auto walk = walks.find(code);
    if (walk == walks.end()) continue;
    breaks.push_back(absl::StrCat(code, ": walked in ", walk->second, "; take it out of \"",
                                  kNotWalkedHeading, "\" of ", kPage));
  }
  for (const auto& [code, where] : walks) {
    if (!codes.contains(code)) breaks.push_back(absl::StrCat(code, ": no code, see ", where));
  }
  return breaks;
}

// Codes of the table, by its rows.
std::set<std::string> TableOfCodes() {
  std::set<std::string> codes;
  for (const std::string& line : ReadLines("base/failure_codes.inc")) {
    if (!absl::StartsWith(line, "MUSTER_FAILURE(")) continue;
    const std::set<std::string> row = CodesIn(line.substr(0, line.find(", k")));
    EXPECT_EQ(row.size(), 1u) << line;
    codes.insert(row.begin(), row.end());
  }
  return codes;
}

Places WalksOfTests() {
  Places walks;
  for (const SourceFile& file : ReadSources({"tests"})) {
    if (absl::StartsWith(file.path, "tests/arch/")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const size_t at = file.lines[i].find(kMarker);
      if (at == std::string::npos) continue;
      const std::set<std::string> codes = CodesIn(file.lines[i].substr(at));
      EXPECT_THAT(codes, testing::Not(IsEmpty())) << file.path << ":" << i + 1;
      for (const std::string& code : codes) {
        walks.emplace(code, absl::StrCat(file.path, ":", i + 1));
      }
    }
  }
  return walks;
}

TEST(RemedyRules, EveryCodesRemedyWasFollowedOrIsSaidToBeNot) {
  const std::set<std::string> codes = TableOfCodes();
  ASSERT_GT(codes.size(), 80u) << "the table of codes was not found";
  const RemedyPage page = ReadPage(ReadLines(kPage));
  EXPECT_THAT(page.other, IsEmpty()) << "a code a line, as in \"- `E-AREA-NAME`\"";
  Places walks = WalksOfTests();
  for (const std::string& row : page.rows) {
    for (const std::string& code : CodesIn(CellsOf(row)[0])) walks.emplace(code, kPage);
  }
  for (const std::string& line : BreaksOf(codes, walks, page.not_walked)) ADD_FAILURE() << line;
}

// A row says all four: code, what produced it, what was done, how it ended.
TEST(RemedyRules, RecordedWalksAreWhole) {
  std::set<std::string> seen;
  for (const std::string& row : ReadPage(ReadLines(kPage)).rows) {
    const std::vector<std::string> cells = CellsOf(row);
    EXPECT_EQ(cells.size(), 4u) << row;
    for (const std::string& cell : cells) EXPECT_NE(cell, "") << row;
    EXPECT_EQ(CodesIn(cells[0]).size(), 1u) << row;
    EXPECT_TRUE(seen.insert(cells[0]).second) << "twice: " << row;
  }
}

TEST(RemedyRules, TheRuleItself) {
  const std::set<std::string> codes = {"E-A-ONE", "E-A-TWO", "E-A-NEW"};
  const Places walks = {{"E-A-ONE", "a_test.cc:1"}};
  EXPECT_THAT(BreaksOf(codes, walks, {"E-A-TWO", "E-A-NEW"}), IsEmpty());
  EXPECT_THAT(BreaksOf(codes, walks, {"E-A-TWO"}), ElementsAre(testing::StartsWith("E-A-NEW")));
  EXPECT_THAT(BreaksOf(codes, walks, {"E-A-ONE", "E-A-TWO", "E-A-NEW"}),
              ElementsAre(testing::StartsWith("E-A-ONE: walked in a_test.cc:1")));
  EXPECT_THAT(BreaksOf(codes, {{"E-A-GONE", "x"}}, {"E-A-ONE", "E-A-TWO", "E-A-NEW", "E-A-OFF"}),
              ElementsAre("E-A-OFF: listed, but no code", "E-A-GONE: no code, see x"));
}

TEST(RemedyRules, ThePageIsReadAsItIsWritten) {
  const RemedyPage page =
      ReadPage({"- `E-A-BEFORE`", "| `E-A-ONE` | made | done | well |", "## Not walked yet", "",
                "Some words.", "- `E-A-TWO`", "- E-A-BARE", "## More", "- `E-A-AFTER`"});
  EXPECT_THAT(page.rows, ElementsAre("| `E-A-ONE` | made | done | well |"));
  EXPECT_THAT(page.not_walked, ElementsAre("E-A-TWO"));
  EXPECT_THAT(page.other, ElementsAre("- E-A-BARE"));
  EXPECT_THAT(CellsOf("| `E-A-ONE` | made | done | well |"),
              ElementsAre("`E-A-ONE`", "made", "done", "well"));
}

}  // namespace
}  // namespace muster::arch
