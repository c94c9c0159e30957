#include "orchestrator/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "orchestrator/cli/printable.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Table Example() {
  return {{{"server_name"}, {"count"}, {"note", Show::kDetails}, {"state"}},
          {{"WEB-01", "7", "a,b", "enrolled"}, {"Münster", "120", "", "failed"}}};
}

constexpr absl::Time kNow = absl::FromUnixSeconds(1'784'365'200);  // 2026-07-18T09:00:00Z

std::string TableText(const Table& table, const TableStyle& style) {
  std::ostringstream out;
  WriteTable(table, style, out);
  return out.str();
}

TEST(Table, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(TableText(Example(), {}),
            "SERVER NAME  COUNT  STATE\n"
            "WEB-01           7  enrolled\n"
            "Münster        120  failed\n");
}

TEST(Table, AColumnWithoutAnyValueIsText) {
  EXPECT_EQ(TableText({{{"address"}, {"name"}}, {{"", "a"}, {"", "b"}}}, {}),
            "ADDRESS  NAME\n-        a\n-        b\n");
}

TEST(Table, ColorsStatesOnly) {
  const std::string text = TableText(Example(), {.color = true});
  EXPECT_THAT(text, HasSubstr("\x1b[32menrolled\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[31mfailed\x1b[0m"));
  EXPECT_THAT(TableText(Example(), {}), Not(HasSubstr("\x1b")));
}

TEST(Table, NoEscapeSequenceOfAServerReachesTheTerminal) {
  const Table table{{{"name"}}, {{"evil\x1b]0;title\x07"}}};
  EXPECT_EQ(TableText(table, {}), "NAME\nevil?]0;title?\n");
}

// Whatever the width: no line is longer, and no name, number or word is lost.
TEST(Table, FitsTheTerminal) {
  const Table table{{{"name", Show::kAlways, Unit::kName},
                     {"count"},
                     {"labels"},
                     {"next", Show::kAlways, Unit::kProse},
                     {"seen", Show::kAlways, Unit::kTime}},
                    {{"a-very-long-server-name", "1234567890", "site=berlin role=web",
                      "Mend the cause of it, then restart", "2026-07-18T08:56:00Z"}}};
  for (int width = 34; width < 160; ++width) {
    const std::string text =
        TableText(table, {.width = width, .zone = absl::UTCTimeZone(), .now = kNow});
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      EXPECT_LE(WidthOf(line), static_cast<size_t>(width)) << line;
    }
    std::string words = text;
    absl::RemoveExtraAsciiWhitespace(&words);
    for (const char* word :
         {"1234567890", "a-very-long-server-name", "berlin", "role=", "restart", "4 min ago"}) {
      EXPECT_THAT(words, HasSubstr(word)) << width;
    }
    EXPECT_THAT(text, Not(HasSubstr("…")));
  }
  EXPECT_THAT(TableText(table, {}),
              HasSubstr("a-very-long-server-name  1234567890  site=berlin role"));
}

TEST(Table, TimesGiveWayBeforeWords) {
  const Table table{{{"token_id", Show::kAlways, Unit::kName},
                     {"state"},
                     {"expires", Show::kAlways, Unit::kTime}},
                    {{"tok-h2msvt4na6abcdefghij", "active", "2026-07-18T10:00:00Z"},
                     {"tok-hgkmtx3qvfabcdefghij", "locked", ""}}};
  const TableStyle style{.width = 50, .zone = absl::UTCTimeZone(), .now = kNow};
  EXPECT_EQ(TableText(table, style),
            "TOKEN ID                  STATE   EXPIRES\n"
            "tok-h2msvt4na6abcdefghij  active  in 1 h\n"
            "tok-hgkmtx3qvfabcdefghij  locked  -\n");
}

TEST(Table, HeadingsBreakAndZerosAreToldBelow) {
  const Table table{
      {{"zone", Show::kAlways, Unit::kName}, {"hub_instances"}, {"in_doubt"}, {"failed"}},
      {{"acme/prod", "99", "0", "3"}, {"acme/test", "7", "0", "0"}}};
  EXPECT_EQ(TableText(table, {.width = 40}),
            "ZONE             HUB     IN  FAILED\n"
            "           INSTANCES  DOUBT\n"
            "acme/prod         99      0       3\n"
            "acme/test          7      0       0\n");
  EXPECT_EQ(TableText(table, {.width = 30}),
            "ZONE             HUB  FAILED\n"
            "           INSTANCES\n"
            "acme/prod         99       3\n"
            "acme/test          7       0\n"
            "0 everywhere: in doubt\n");
}

TEST(Table, WhatCannotFitStandsUpright) {
  const Table table{{{"actor", Show::kAlways, Unit::kName},
                     {"subject", Show::kAlways, Unit::kName},
                     {"secret_of_details", Show::kDetails},
                     {"detail", Show::kAlways, Unit::kProse}},
                    {{"operator:opr-p3bwlfz22u3ovjhenjsj", "srv-3ocimj3xp225hgz3aw35", "x",
                      "enrollment: queued → not_enrolled (E-DISPATCH-OFFLINE)"},
                     {"system", "srv-3ocimj3xp225hgz3aw35", "x", ""}}};
  EXPECT_EQ(TableText(table, {.width = 46}),
            "actor:   operator:opr-p3bwlfz22u3ovjhenjsj\n"
            "subject: srv-3ocimj3xp225hgz3aw35\n"
            "detail:  enrollment: queued → not_enrolled\n"
            "         (E-DISPATCH-OFFLINE)\n"
            "\n"
            "actor:   system\n"
            "subject: srv-3ocimj3xp225hgz3aw35\n");
}

TEST(Table, WideCharactersStayInTheirColumns) {
  EXPECT_EQ(TableText({{{"name"}, {"state"}}, {{"東京", "ok"}, {"abc", "ok"}}}, {}),
            "NAME  STATE\n東京  ok\nabc   ok\n");
}

TEST(Table, SentencesAreBrokenNotCut) {
  const Table table{{{"check"}, {"next", Show::kAlways, Unit::kProse}},
                    {{"store", "Mend the cause, then restart the orchestrator."}}};
  EXPECT_EQ(TableText(table, {.width = 30}),
            "CHECK  NEXT\n"
            "store  Mend the cause, then\n"
            "       restart the\n"
            "       orchestrator.\n");
  EXPECT_EQ(TableText(table, {}),
            "CHECK  NEXT\nstore  Mend the cause, then restart the orchestrator.\n");
}

TEST(Table, TimesAreLocalWithTheirAgeOnATerminalOnly) {
  const Table table{{{"created", Show::kAlways, Unit::kTime}, {"name"}},
                    {{"2026-07-18T09:00:00Z", "2026-07-18T09:00:00Z"}, {"never", "c"}}};
  const TableStyle terminal{.zone = absl::FixedTimeZone(2 * 3600),
                            .now = absl::FromUnixSeconds(1'784'365'200) + absl::Minutes(4)};
  const std::string shown = TableText(table, terminal);
  EXPECT_THAT(shown, HasSubstr("2026-07-18 11:00:00 "));
  EXPECT_THAT(shown, HasSubstr(", 4 min ago  2026-07-18T09:00:00Z\n")) << "only times change";
  EXPECT_THAT(shown, HasSubstr("never "));
  EXPECT_THAT(TableText(table, {}), HasSubstr("2026-07-18T09:00:00Z  2026-07-18T09:00:00Z\n"));
}

TEST(Table, AgesAreInTheLargestWholeUnit) {
  EXPECT_EQ(AgeText(absl::ZeroDuration()), "now");
  EXPECT_EQ(AgeText(absl::Seconds(59)), "59 s ago");
  EXPECT_EQ(AgeText(absl::Minutes(90)), "1 h ago");
  EXPECT_EQ(AgeText(absl::Hours(49)), "2 d ago");
  EXPECT_EQ(AgeText(-absl::Hours(3)), "in 3 h");
  EXPECT_EQ(AgeText(-absl::Milliseconds(3)), "now");
}

TEST(Table, DetailsStandUpright) {
  std::ostringstream out;
  WriteDetails(Example(), {}, out);
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
