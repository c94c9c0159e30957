#include "orchestrator/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Table Example() {
  return {{{"server_name"}, {"count"}, {"note", Show::kDetails}, {"state"}},
          {{"WEB-01", "7", "a,b", "enrolled"}, {"Münster", "120", "", "failed"}}};
}

std::string TableText(const Table& table, bool color) {
  std::ostringstream out;
  WriteTable(table, color, out);
  return out.str();
}

TEST(Table, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(TableText(Example(), false),
            "SERVER NAME  COUNT  STATE\n"
            "WEB-01           7  enrolled\n"
            "Münster        120  failed\n");
}

TEST(Table, ColorsStatesOnly) {
  const std::string text = TableText(Example(), true);
  EXPECT_THAT(text, HasSubstr("\x1b[32menrolled\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[31mfailed\x1b[0m"));
  EXPECT_THAT(TableText(Example(), false), Not(HasSubstr("\x1b")));
}

TEST(Table, NoEscapeSequenceOfAServerReachesTheTerminal) {
  const Table table{{{"name"}}, {{"evil\x1b]0;title\x07"}}};
  EXPECT_EQ(TableText(table, false), "NAME\nevil?]0;title?\n");
}

TEST(Table, DetailsStandUpright) {
  std::ostringstream out;
  WriteDetails(Example(), false, out);
  EXPECT_EQ(out.str(),
            "server name: WEB-01\ncount:       7\nnote:        a,b\nstate:       enrolled\n\n"
            "server name: Münster\ncount:       120\nstate:       failed\n");
}

TEST(Table, CsvHoldsAllColumnsAndQuotes) {
  std::ostringstream out;
  WriteCsv(Example(), out);
  EXPECT_EQ(out.str(),
            "server_name,count,note,state\nWEB-01,7,\"a,b\",enrolled\nMünster,120,,failed\n");
}

TEST(Table, CsvDisarmsFormulas) {
  std::ostringstream out;
  WriteCsv({{{"a"}}, {{"=1+1"}, {"+x"}, {"@x"}, {"-x"}, {"-5"}, {"say \"hi\""}}}, out);
  EXPECT_EQ(out.str(), "a\n'=1+1\n'+x\n'@x\n'-x\n-5\n\"say \"\"hi\"\"\"\n");
}

}  // namespace
}  // namespace muster::cli
