// docs/faults.md says which tests hold what broke once. Each test that it names is there, under that
// name in that file, and each fault has tests of its own input and of others of its kind.
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
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kFaultsPage[] = "docs/faults.md";

// The names of a file's tests: "Suite.Test".
std::set<std::string> TestsIn(const SourceFile& file) {
  static const std::regex* const test =
      new std::regex("TEST(_F|_P)?\\(([A-Za-z0-9_]+),\\s*([A-Za-z0-9_]+)\\)");
  std::set<std::string> tests;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    if (!absl::StartsWith(file.lines[i], "TEST")) continue;
    // A long name stands in the next line.
    const std::string text =
        absl::StrCat(file.lines[i], i + 1 < file.lines.size() ? file.lines[i + 1] : "");
    std::smatch match;
    if (std::regex_search(text, match, *test)) tests.insert(match.str(2) + "." + match.str(3));
  }
  return tests;
}

// By path below tests/.
using Tests = std::map<std::string, std::set<std::string>>;

Tests TestsOfTheTree() {
  Tests tests;
  for (const SourceFile& file : ReadSources({"tests"})) {
    tests[std::string(absl::StripPrefix(file.path, "tests/"))] = TestsIn(file);
  }
  return tests;
}

// What is wrong with a row, each as a sentence: "| broke | holds | its tests | others |".
std::vector<std::string> BreaksOfRow(const std::string& row, const Tests& tests) {
  const std::vector<std::string> cells = absl::StrSplit(row, '|');
  if (cells.size() != 6) return {absl::StrCat("not four cells: ", row)};
  std::vector<std::string> breaks;
  for (int i = 1; i <= 4; ++i) {
    if (absl::StripAsciiWhitespace(cells[i]).empty()) {
      breaks.push_back(absl::StrCat("an empty cell: ", row));
    }
  }
  if (!breaks.empty()) return breaks;
  std::set<std::string> seen;
  for (int i = 3; i <= 4; ++i) {
    for (absl::string_view name : absl::StrSplit(cells[i], ", ")) {
      name = absl::StripAsciiWhitespace(name);
      const bool marked = absl::ConsumePrefix(&name, "`") && absl::ConsumeSuffix(&name, "`");
      const std::vector<std::string> parts = absl::StrSplit(name, ':');
      if (!marked || parts.size() != 2) {
        breaks.push_back(absl::StrCat("\"", name, "\" is not `file:Suite.Test`"));
        continue;
      }
      const auto file = tests.find(parts[0]);
      if (file == tests.end()) {
        breaks.push_back(absl::StrCat("there is no tests/", parts[0]));
      } else if (!file->second.contains(parts[1])) {
        breaks.push_back(absl::StrCat("tests/", parts[0], " has no test ", parts[1]));
      }
      if (!seen.insert(std::string(name)).second) {
        breaks.push_back(absl::StrCat(name, " stands twice in a row"));
      }
    }
  }
  return breaks;
}

TEST(FaultRules, EveryTestOfThePageIsThere) {
  const Tests tests = TestsOfTheTree();
  int rows = 0;
  for (const std::string& line : ReadLines(kFaultsPage)) {
    if (!absl::StartsWith(line, "| ") || absl::StartsWith(line, "| what broke once ")) continue;
    ++rows;
    EXPECT_THAT(BreaksOfRow(line, tests), IsEmpty());
  }
  EXPECT_GE(rows, 100) << "a fault that was met stays on the page";
}

TEST(FaultRules, FireOnWhatIsNotThere) {
  const Tests tests = {{"a_test.cc", {"A.One", "A.Two"}}, {"b_test.cc", {"B.One"}}};
  EXPECT_THAT(
      BreaksOfRow("| x | y | `a_test.cc:A.One` | `a_test.cc:A.Two`, `b_test.cc:B.One` |", tests),
      IsEmpty());
  EXPECT_THAT(BreaksOfRow("| x | y | `a_test.cc:A.Three` | `b_test.cc:B.One` |", tests),
              ElementsAre(HasSubstr("tests/a_test.cc has no test A.Three")));
  EXPECT_THAT(BreaksOfRow("| x | y | `a_test.cc:A.One` | `a_test.cc:B.One` |", tests),
              ElementsAre(HasSubstr("has no test B.One")));
  EXPECT_THAT(BreaksOfRow("| x | y | `c_test.cc:A.One` | `b_test.cc:B.One` |", tests),
              ElementsAre(HasSubstr("there is no tests/c_test.cc")));
  EXPECT_THAT(BreaksOfRow("| x | y | `a_test.cc:A.One` |  |", tests),
              ElementsAre(HasSubstr("an empty cell")));
  EXPECT_THAT(BreaksOfRow("| x | y | `a_test.cc:A.One` | `a_test.cc:A.One` |", tests),
              ElementsAre(HasSubstr("twice")));
  EXPECT_THAT(BreaksOfRow("| x | y | some test | `a_test.cc:A.One` |", tests),
              ElementsAre(HasSubstr("is not `file:Suite.Test`")));
  EXPECT_THAT(BreaksOfRow("| x | y | `a_test.cc:A.One` |", tests),
              ElementsAre(HasSubstr("not four cells")));
}

TEST(FaultRules, FindTestsAsTheyAreWritten) {
  const SourceFile file = {
      "tests/x_test.cc",
      {"TEST(A, One) {", "TEST_F(B, Two) {", "TEST_P(C, Three) {", "TEST_F(ALongName,",
       "       WithItsTestBelow) {", "// TEST(D, Four)", "  TEST(E, Five)"}};
  EXPECT_THAT(TestsIn(file),
              ElementsAre("A.One", "ALongName.WithItsTestBelow", "B.Two", "C.Three"));
}

}  // namespace
}  // namespace muster::arch
