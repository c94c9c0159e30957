// Every code that a person can meet is honest about its remedy. It was followed to its end by a
// test, which says so in a line "// Remedy walked: E-AREA-NAME, …", or with the programs, which is
// recorded in docs/remedies.md. A new code in neither fails, and the page has no list of codes whose
// walk is still to be done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "absl/strings/ascii.h"
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

std::set<std::string> CodesIn(const std::string& text) {
  static const std::regex* const code = new std::regex("E-[A-Z]+(-[A-Z0-9]+)+");
  std::set<std::string> codes;
  for (std::sregex_iterator it(text.begin(), text.end(), *code), end; it != end; ++it) {
    codes.insert(it->str());
  }
  return codes;
}

// What the page says: rows of walks, and codes that it lists without one.
struct RemedyPage {
  std::vector<std::string> rows;  // As written.
  std::vector<std::string> listed;
};

RemedyPage ReadPage(const std::vector<std::string>& lines) {
  RemedyPage page;
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "| `E-")) page.rows.push_back(line);
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "-") && !CodesIn(line).empty()) {
      page.listed.push_back(line);
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
std::vector<std::string> BreaksOf(const std::set<std::string>& codes, const Places& walks) {
  std::vector<std::string> breaks;
  for (const std::string& code : codes) {
    if (walks.contains(code)) continue;
    breaks.push_back(absl::StrCat(code,
                                  ": produce it, follow its remedy literally, see it end well"
                                  "; then write \"",
                                  kMarker, " ", code, "\" into that test or record it in ", kPage));
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

TEST(RemedyRules, EveryCodesRemedyWasFollowed) {
  const std::set<std::string> codes = TableOfCodes();
  ASSERT_GT(codes.size(), 80u) << "the table of codes was not found";
  const RemedyPage page = ReadPage(ReadLines(kPage));
  EXPECT_THAT(page.listed, IsEmpty()) << "a walk is done and recorded, not listed";
  Places walks = WalksOfTests();
  for (const std::string& row : page.rows) {
    for (const std::string& code : CodesIn(CellsOf(row)[0])) walks.emplace(code, kPage);
  }
  for (const std::string& line : BreaksOf(codes, walks)) ADD_FAILURE() << line;
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
  const std::set<std::string> codes = {"E-A-ONE", "E-A-NEW"};
  EXPECT_THAT(BreaksOf(codes, {{"E-A-ONE", "a_test.cc:1"}, {"E-A-NEW", kPage}}), IsEmpty());
  EXPECT_THAT(BreaksOf(codes, {{"E-A-ONE", "a_test.cc:1"}}),
              ElementsAre(testing::StartsWith("E-A-NEW: produce it")));
  EXPECT_THAT(BreaksOf({}, {{"E-A-GONE", "x"}}), ElementsAre("E-A-GONE: no code, see x"));
}

TEST(RemedyRules, ThePageIsReadAsItIsWritten) {
  const RemedyPage page = ReadPage({"| `E-A-ONE` | made | done | well |", "Some words of E-A-WORD.",
                                    "- a point", "- `E-A-TWO`", "  - E-A-BARE"});
  EXPECT_THAT(page.rows, ElementsAre("| `E-A-ONE` | made | done | well |"));
  EXPECT_THAT(page.listed, ElementsAre("- `E-A-TWO`", "  - E-A-BARE"));
  EXPECT_THAT(CellsOf("| `E-A-ONE` | made | done | well |"),
              ElementsAre("`E-A-ONE`", "made", "done", "well"));
}

}  // namespace
}  // namespace muster::arch
