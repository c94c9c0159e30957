#include "orchestrator/cli/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::vector<std::string>> Fields(absl::string_view text) {
  const CsvText csv = ParseCsv(text);
  EXPECT_THAT(csv.problems, IsEmpty());
  std::vector<std::vector<std::string>> out;
  for (const CsvRecord& record : csv.records) out.push_back(record.fields);
  return out;
}

TEST(Csv, ReadsPlainAndQuotedFields) {
  EXPECT_THAT(Fields("a,b\n1,\"x, \"\"y\"\"\"\n"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "x, \"y\"")));
}

TEST(Csv, TakesCrLfByteOrderMarkAndNoFinalLineEnd) {
  EXPECT_THAT(Fields("\xEF\xBB\xBF"
                     "a,b\r\n1,2"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
}

// What a spreadsheet writes as "CSV (Macintosh)".
TEST(Csv, TakesLinesThatEndWithCr) {
  const CsvText csv = ParseCsv("a,b\r1,\"x\ry\"\r\r\"2\r");
  ASSERT_EQ(csv.records.size(), 2u);
  EXPECT_THAT(csv.records[1].fields, ElementsAre("1", "x\ry"));
  ASSERT_EQ(csv.problems.size(), 1u);
  EXPECT_EQ(csv.problems[0].line, 5);
}

TEST(Csv, KeepsEmptyFieldsAndSkipsEmptyLines) {
  EXPECT_THAT(Fields("a,,\n\n\r\n,b,\"\"\n"),
              ElementsAre(ElementsAre("a", "", ""), ElementsAre("", "b", "")));
  EXPECT_THAT(Fields(""), IsEmpty());
}

TEST(Csv, CountsLinesInsideQuotes) {
  const CsvText csv = ParseCsv("a\n\"x\r\ny\"\nz\n");
  ASSERT_EQ(csv.records.size(), 3u);
  EXPECT_EQ(csv.records[1].line, 2);
  EXPECT_THAT(csv.records[1].fields, ElementsAre("x\r\ny"));
  EXPECT_EQ(csv.records[2].line, 4);
}

TEST(Csv, NamesEveryBrokenRowAndGoesOn) {
  const CsvText csv = ParseCsv("a,b\nx\"y,1\n\"p\"q,2\nok,3\n\"open,4\nlast,5\n");
  std::vector<int> lines;
  for (const CsvProblem& problem : csv.problems) lines.push_back(problem.line);
  EXPECT_THAT(lines, ElementsAre(2, 3, 5));
  ASSERT_EQ(csv.records.size(), 3u);
  EXPECT_THAT(csv.records[1].fields, ElementsAre("ok", "3"));
  EXPECT_EQ(csv.records[2].line, 6);
}

std::string Utf16(absl::string_view ascii, bool little, bool mark) {
  std::string out = !mark ? "" : little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : ascii) out.append(little ? std::string{c, '\0'} : std::string{'\0', c});
  return out;
}

TEST(Csv, ReadsUtf16) {
  for (const bool little : {true, false}) {
    for (const bool mark : {true, false}) {
      EXPECT_THAT(Fields(Utf16("a,b\r\n1,2\r\n", little, mark)),
                  ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
    }
  }
  // U+00FC and U+1F600 in UTF-16LE.
  EXPECT_THAT(Fields(absl::string_view("\xFF\xFE\xFC\0=\xD8\0\xDE", 8)),
              ElementsAre(ElementsAre("\xC3\xBC\xF0\x9F\x98\x80")));
}

// What cannot be read at all is said once, with what to do.
TEST(Csv, NamesAnEncodingThatNobodyCanTellOnce) {
  const struct {
    absl::string_view text;
    int line;
    const char* why;
  } rows[] = {
      {"a,b\nM\xFCnchen,1\n\"K\xF6ln\",2\nx\xC3\",4\n", 2, "Windows-1252"},
      {absl::string_view("\xFF\xFE\0\0a\0\0\0", 8), 1, "UTF-32"},
      {absl::string_view("\xFF\xFE\0\xD8z\0", 6), 1, "damaged"},
      {absl::string_view("\xFF\xFE"
                         "a",
                         3),
       1, "damaged"},
      {absl::string_view("ab,c\nx\0,y\n", 10), 2, "zero bytes"},
  };
  for (const auto& row : rows) {
    const CsvText csv = ParseCsv(row.text);
    EXPECT_THAT(csv.records, IsEmpty());
    ASSERT_EQ(csv.problems.size(), 1u);
    EXPECT_EQ(csv.problems[0].line, row.line);
    EXPECT_THAT(csv.problems[0].reason, testing::HasSubstr(row.why));
  }
}

TEST(Csv, FindsTheSeparator) {
  const auto two = ElementsAre(ElementsAre("a", "b,c"), ElementsAre("1", "x;y"));
  EXPECT_THAT(Fields("a;\"b,c\"\n1;\"x;y\"\n"), two);
  EXPECT_THAT(Fields("a\tb,c\n1\tx;y\n"), ElementsAre(ElementsAre("a\tb", "c"), testing::_))
      << "as many commas as tabs";
  EXPECT_THAT(Fields("a\t\"b,c\"\n1\tx;y\n"), two);
  EXPECT_THAT(Fields("sep=\t\r\na\tb,c\r\n1\tx;y\r\n"), two);
  EXPECT_THAT(Fields("\"sep=;\"\na;b,c\n1;\"x;y\"\n"), two);
  EXPECT_THAT(Fields("a|b,c|d,e|f\n"), ElementsAre(ElementsAre("a", "b,c", "d,e", "f")));
}

TEST(Csv, SkipsWhatToolsAddAround) {
  const CsvText csv =
      ParseCsv("#TYPE Selected.System.Object\r\n\r\na,b\r\n,\r\n , \r\n1,2\r\n,,,\r\n");
  EXPECT_THAT(csv.problems, IsEmpty());
  ASSERT_EQ(csv.records.size(), 2u);
  EXPECT_EQ(csv.records[0].line, 3);
  EXPECT_EQ(csv.records[1].line, 6);
}

TEST(Csv, UndoesTheGuardAgainstFormulas) {
  EXPECT_EQ(UnguardedCell("'=x"), "=x");
  EXPECT_EQ(UnguardedCell("'-x"), "-x");
  EXPECT_EQ(UnguardedCell("'x"), "'x");
  EXPECT_EQ(UnguardedCell("'"), "'");
}

}  // namespace
}  // namespace muster::cli
