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

// As spreadsheets save them when nobody says otherwise: Windows-1252, UTF-16.
TEST(Csv, NamesRowsThatAreNotUtf8) {
  const CsvText csv = ParseCsv("a,b\nM\xFCnchen,1\n\"K\xF6ln\",2\nM\xC3\xBCnchen,3\n\"x\xC3\",4\n");
  std::vector<int> lines;
  for (const CsvProblem& problem : csv.problems) {
    lines.push_back(problem.line);
    EXPECT_THAT(problem.reason, testing::HasSubstr("not UTF-8"));
  }
  EXPECT_THAT(lines, ElementsAre(2, 3, 5));
  ASSERT_EQ(csv.records.size(), 2u);
  EXPECT_THAT(csv.records[1].fields, ElementsAre("M\xC3\xBCnchen", "3"));
  EXPECT_EQ(ParseCsv(std::string("\xFF\xFE"
                                 "a\0,\0b\0\n\0",
                                 10))
                .records.size(),
            0u);
  EXPECT_EQ(ParseCsv(std::string("\"a\0\"\n", 5)).records.size(), 0u);
}

}  // namespace
}  // namespace muster::cli
