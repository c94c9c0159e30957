// Names and other text that people read.
#include "base/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster {
namespace {

using testing::HasSubstr;

TEST(ServerName, TakesWhatMachinesAreCalled) {
  for (const char* name : {"WEB-01", "web-01.corp.example", "10.0.0.7", "2001:db8::7", "büro-3",
                           "サーバー1", "a_b", "-x"}) {
    const auto normalized = NormalizeServerName(name);
    EXPECT_TRUE(normalized.ok()) << normalized.status();
    EXPECT_EQ(normalized.value_or(""), name);
  }
  EXPECT_EQ(*NormalizeServerName("web-01.corp.example."), "web-01.corp.example");
  EXPECT_EQ(*NormalizeServerName("bu\xCC\x88ro"), "b\xC3\xBCro") << "composed";
}

TEST(ServerName, RefusesWithTheReason) {
  const struct {
    std::string name;
    const char* why;
  } rows[] = {
      {"", "empty"},
      {"a b", "holds ' '"},
      {"a/b", "holds '/'"},
      {"web*", "holds '*'"},
      {"a,b", "holds ','"},
      {"tab\tname", "U+0009 (control character) at byte 4"},
      {"\xEF\xBB\xBFweb", "U+FEFF (byte order mark) at its beginning"},
      {"web\xE2\x80\x8B", "U+200B (zero width space) at its end"},
      {"web\xC2\xA0"
       "1",
       "U+00A0 (no-break space)"},
      {"a\xE2\x80\xAE"
       "b",
       "U+202E (turns the direction of text)"},
      {"a\xE2\x81\xA6"
       "b",
       "U+2066"},
      {"a\xE3\x85\xA4", "U+3164"},
      {"a\xF3\xA0\x80\x81", "U+E0001"},
      {"M\xFCnchen", "byte 0xFC at position 2 is no UTF-8"},
      {std::string(254, 'x'), "longer than 253"},
      {"a..b", "empty part"},
      {".", "empty part"},
      {"localhost", "every machine"},
      {"LocalHost.", "every machine"},
      {"localhost.localdomain", "every machine"},
      {"localhost4.localdomain4", "every machine"},
      {"localhost6", "every machine"},
      {"IP6-Loopback", "every machine"},
      {"127.0.0.1", "every machine"},
      {"127.1", "every machine"},
      {"::1", "every machine"},
      {"0.0.0.0", "every machine"},
  };
  for (const auto& row : rows) {
    const auto name = NormalizeServerName(row.name);
    ASSERT_FALSE(name.ok()) << row.name;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr(row.why));
    EXPECT_EQ(ProblemOfVisibleText(name.status().message()), "") << "it can be shown";
  }
}

TEST(ServerName, IsComparedInAllScripts) {
  EXPECT_EQ(FoldName("WEB-01"), FoldName("web-01."));
  EXPECT_EQ(FoldName("BÜRO"), FoldName("bu\xCC\x88ro"));
  EXPECT_EQ(FoldName("STRASSE"), FoldName("straße"));
  EXPECT_EQ(FoldName("ΣΊΣΥΦΟΣ"), FoldName("σίσυφος"));
  EXPECT_NE(FoldName("web-01"), FoldName("web-02"));
  EXPECT_EQ(FoldedShortName("WEB-01.corp.example"), "web-01");
  EXPECT_EQ(FoldedShortName("WEB-01"), "");
  EXPECT_EQ(FoldedShortName("10.0.0.7"), "");
}

TEST(ServerName, HintsAtNamesThatInstallersPropose) {
  EXPECT_THAT(HintOnServerName("Ubuntu"), HasSubstr("installers propose"));
  EXPECT_THAT(HintOnServerName("debian.lan"), HasSubstr("installers propose"));
  EXPECT_THAT(HintOnServerName("10.0.0.7"), HasSubstr("address"));
  EXPECT_EQ(HintOnServerName("web-01"), "");
}

}  // namespace
}  // namespace muster
