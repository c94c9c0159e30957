#include "orchestrator/cli/server_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Problems(const ServerFile& file) {
  std::vector<std::string> out;
  for (const auto& problem : file.problems) {
    out.push_back(absl::StrCat(problem.line(), ": ", problem.reason()));
  }
  return out;
}

TEST(ServerFile, ReadsColumnsInAnyOrderWithLabels) {
  const ServerFile file = ParseServerFile(
      "name , label:site,zone,tenant,labels\nWEB-01,berlin,prod,acme,role=web; tier=1\n"
      "WEB-02,,prod,acme,\n");
  EXPECT_THAT(Problems(file), IsEmpty());
  ASSERT_EQ(file.rows.size(), 2u);
  EXPECT_EQ(file.rows[0].line(), 2);
  EXPECT_EQ(file.rows[0].tenant_id(), "acme");
  EXPECT_EQ(file.rows[0].zone(), "prod");
  EXPECT_EQ(file.rows[0].name(), "WEB-01");
  EXPECT_EQ(file.rows[0].labels().size(), 3u);
  EXPECT_EQ(file.rows[0].labels().at("tier"), "1");
  EXPECT_EQ(file.rows[0].labels().at("site"), "berlin");
  EXPECT_THAT(file.rows[1].labels(), IsEmpty());
}

TEST(ServerFile, NamesAHeaderThatIsOfNoSuchFile) {
  const ServerFile blanks = ParseServerFile("tenant zone name\nacme prod a\nacme prod b\n");
  EXPECT_TRUE(blanks.header_is_bad);
  EXPECT_THAT(Problems(blanks), ElementsAre(HasSubstr("something else than commas")));
  EXPECT_THAT(Problems(ParseServerFile("zone,name\nprod,a\nprod,b\n")),
              ElementsAre(HasSubstr("1: column 'tenant' is missing")));
  std::string wide = "tenant,zone,name";
  for (int i = 0; i < 1000; ++i) wide += ",c";
  EXPECT_THAT(Problems(ParseServerFile(wide)), ElementsAre(HasSubstr("1003 columns")));
}

TEST(ServerFile, NamesEveryBadRowAtOnce) {
  const ServerFile file = ParseServerFile(
      "tenant,zone,name,labels\n"
      "acme,prod,WEB-01,\n"
      "acme,prod,web-01,\n"         // 3: same server
      "Acme,prod,WEB-02,\n"         // 4: slug
      ",prod,WEB-03,\n"             // 5: no tenant
      "acme,prod,,\n"               // 6: no name
      "acme,prod,WEB 04,\n"         // 7: space
      "acme,prod,WEB-05\n"          // 8: too few fields
      "acme,prod,WEB-06,site\n"     // 9: no label
      "acme,prod,WEB-07,a=1;a=2\n"  // 10: label twice
      "acme,prod,\"WEB-08,\n"       // 11: open quote
      "acme,prod,WEB-09,a=1\n");
  EXPECT_THAT(Problems(file),
              ElementsAre(HasSubstr("3: server acme/prod/web-01 stands in line 2"),
                          HasSubstr("4: tenant 'Acme' is not 1 to 63"),
                          HasSubstr("5: tenant is empty"), HasSubstr("6: the server name is empty"),
                          HasSubstr("7: \"WEB 04\" is no server name: it holds ' '"),
                          HasSubstr("8: the row has 3 fields, the header has 4"),
                          HasSubstr("9: labels: 'site' is not KEY=VALUE"),
                          HasSubstr("10: label 'a' is given twice"),
                          HasSubstr("11: a quoted field that is never closed")));
  EXPECT_EQ(file.bad_rows, 9);
  EXPECT_EQ(file.rows.size(), 2u);
  EXPECT_FALSE(file.header_is_bad);
}

TEST(ServerFile, RefusesABadHeader) {
  const ServerFile file = ParseServerFile("tenant,zone,host,zone,label:a b\nacme,prod,x,y,z\n");
  EXPECT_TRUE(file.header_is_bad);
  EXPECT_THAT(file.rows, IsEmpty());
  EXPECT_THAT(Problems(file),
              ElementsAre(HasSubstr("1: column 'zone' twice"), HasSubstr("unknown column 'host'"),
                          HasSubstr("label key 'a b'"), HasSubstr("column 'name' is missing")));
  EXPECT_TRUE(ParseServerFile("").header_is_bad);
}

TEST(ServerFile, FilesOfTheDeployFolderAreGood) {
  for (const auto& [name, rows] : {std::pair("demo", 200u), {"examples", 4u}}) {
    std::ifstream in(absl::StrCat(MUSTER_SOURCE_DIR, "/deploy/", name, "/servers.csv"));
    std::stringstream text;
    text << in.rdbuf();
    const ServerFile file = ParseServerFile(text.str());
    EXPECT_THAT(Problems(file), IsEmpty()) << name;
    EXPECT_EQ(file.rows.size(), rows) << name;
  }
}

// One cause, one line: here the decimal commas of a whole column.
TEST(ServerFile, SaysOnceWhatIsWrongInManyRows) {
  std::string text = "tenant,zone,name\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&text, "acme,prod,web-", i, ",\n");
  absl::StrAppend(&text, "acme,prod,web-20\nacme,prod\n");
  const ServerFile file = ParseServerFile(text);
  EXPECT_THAT(Problems(file), ElementsAre(HasSubstr("2: the row has 4 fields, the header has 3; so "
                                                    "have 19 more rows (lines 3, 4, 5, 6, 7 …)"),
                                          HasSubstr("23: the row has 2 fields")));
  EXPECT_EQ(file.bad_rows, 21);
  EXPECT_EQ(file.rows.size(), 1u);
}

TEST(ServerFile, ReadsWhatWindowsWrites) {
  const std::string csv =
      "#TYPE x\r\n\"Tenant\";\"Zone\";\"Name\";\"label:Site\"\r\n"
      "\"acme\";\"prod\";\"B\xC3\x9CRO-1\";\"K\xC3\xB6ln\"\r\n;;;\r\n";
  const ServerFile file = ParseServerFile(csv);
  EXPECT_THAT(Problems(file), IsEmpty());
  ASSERT_EQ(file.rows.size(), 1u);
  EXPECT_EQ(file.rows[0].name(), "B\xC3\x9CRO-1");
  EXPECT_EQ(file.rows[0].labels().at("Site"), "K\xC3\xB6ln");
}

TEST(ServerFile, ReadsWhatServerListWrites) {
  google::protobuf::Map<std::string, std::string> labels;
  labels["path"] = "C:\\a;b";
  labels["empty"] = "";
  labels["plain"] = "two words";
  const std::string cell = LabelsCell(labels);
  const ServerFile file = ParseServerFile(absl::StrCat(
      "zone,name,server_id,enrollment,labels\nacme/prod,'=x,srv-1,enrolled,", cell, "\n"));
  EXPECT_THAT(Problems(file), IsEmpty());
  ASSERT_EQ(file.rows.size(), 1u);
  EXPECT_EQ(file.rows[0].tenant_id(), "acme");
  EXPECT_EQ(file.rows[0].zone(), "prod");
  EXPECT_EQ(file.rows[0].name(), "=x");
  EXPECT_EQ(file.rows[0].labels().size(), 3u);
  EXPECT_EQ(file.rows[0].labels().at("path"), "C:\\a;b");
  EXPECT_EQ(file.rows[0].labels().at("empty"), "");
  EXPECT_EQ(file.rows[0].labels().at("plain"), "two words");
}

TEST(ServerFile, NamesAreComparedInAllScripts) {
  EXPECT_THAT(Problems(ParseServerFile("tenant,zone,name\nacme,prod,B\xC3\x9CRO\n"
                                       "acme,prod,bu\xCC\x88ro\n")),
              ElementsAre(HasSubstr("stands in line 2")));
}

TEST(ServerFile, HeaderAloneIsAnEmptyInventory) {
  const ServerFile file = ParseServerFile("tenant,zone,name\n");
  EXPECT_THAT(Problems(file), IsEmpty());
  EXPECT_THAT(file.rows, IsEmpty());
}

}  // namespace
}  // namespace muster::cli
