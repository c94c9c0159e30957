// `muster server import`: the file's problems and the orchestrator's come together, by line.
#include <gmock/gmock.h>

#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kGood[] = "tenant,zone,name\nacme,prod,WEB-01\nacme,prod,WEB-02\n";
constexpr char kMixed[] =
    "tenant,zone,name\nacme,prod,WEB-01\nacme,none,WEB-02\nacme,prod,WEB 3\nacme,prod,WEB-04\n";

class ImportTest : public CliTest {
 protected:
  void RefuseLine3() {
    auto& problem = *admin_.import.add_problems();
    problem.set_line(3);
    problem.set_reason("no zone acme/none");
  }
};

TEST_F(ImportTest, GoodFileIsImported) {
  admin_.import.set_created(2);
  EXPECT_EQ(Run({"server", "import", WriteFile("s.csv", kGood)}), 0);
  EXPECT_EQ(out_, "2 servers created, 0 updated, 0 unchanged.\n");
  EXPECT_EQ(admin_.import_request.rows_size(), 2);
  EXPECT_EQ(admin_.import_request.rows(1).line(), 3);
  EXPECT_FALSE(admin_.import_request.dry_run());
  EXPECT_FALSE(admin_.import_request.partial());
}

TEST_F(ImportTest, BadRowsOfBothSidesAreMergedAndNothingIsImported) {
  RefuseLine3();
  EXPECT_EQ(Run({"server", "import", WriteFile("s.csv", kMixed)}), 6);
  EXPECT_TRUE(admin_.import_request.dry_run());  // Only asked, since the file has bad rows.
  const size_t third = out_.find("3  no zone acme/none");
  const size_t fourth = out_.find("4  \"WEB 3\" is no server name");
  ASSERT_NE(third, std::string::npos) << out_;
  ASSERT_NE(fourth, std::string::npos) << out_;
  EXPECT_LT(third, fourth);
  EXPECT_THAT(err_, HasSubstr("E-IMPORT-INVALID: 2 problems in "));
  EXPECT_THAT(out_, Not(HasSubstr("created")));
}

TEST_F(ImportTest, PartialImportsTheGoodRowsAndStillTells) {
  RefuseLine3();
  admin_.import.set_created(2);
  EXPECT_EQ(Run({"server", "import", "--partial", WriteFile("s.csv", kMixed)}), 6);
  EXPECT_TRUE(admin_.import_request.partial());
  EXPECT_FALSE(admin_.import_request.dry_run());
  EXPECT_THAT(out_, AllOf(HasSubstr("no zone acme/none"), HasSubstr("WEB 3"),
                          HasSubstr("2 servers created")));
}

TEST_F(ImportTest, DryRunSaysSo) {
  admin_.import.set_created(2);
  EXPECT_EQ(Run({"server", "import", "--dry-run", WriteFile("s.csv", kGood)}), 0);
  EXPECT_TRUE(admin_.import_request.dry_run());
  EXPECT_THAT(out_, HasSubstr("Dry run, nothing was imported: 2 servers created"));
}

TEST_F(ImportTest, BadHeaderAsksNobody) {
  EXPECT_EQ(Run({"server", "import", WriteFile("s.csv", "host\nWEB-01\n"), "--partial"}), 6);
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_THAT(out_, HasSubstr("unknown column 'host'"));
}

TEST_F(ImportTest, ReadsStandardInputAndAnswersJson) {
  in_ = kMixed;
  EXPECT_EQ(Run({"server", "import", "-", "-o", "json"}), 6);
  EXPECT_THAT(out_, AllOf(testing::StartsWith("{\n \"created\": 0,"), HasSubstr("\"line\": 4")));
}

TEST_F(ImportTest, FileProblemsAreShownWithoutAnOrchestrator) {
  admin_.failures["ImportServers"] = absl::UnavailableError("down");
  const std::string file = WriteFile("s.csv", kMixed);
  EXPECT_EQ(Run({"server", "import", file}), 6);
  EXPECT_THAT(out_, HasSubstr("WEB 3"));
  EXPECT_THAT(err_, HasSubstr("could not be asked"));
  EXPECT_EQ(Run({"server", "import", file, "--partial"}), 3);
  EXPECT_EQ(Run({"server", "import", WriteFile("g.csv", kGood)}), 3);
}

}  // namespace
}  // namespace muster::cli
