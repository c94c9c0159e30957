// What is written as pages: every code can be looked up, by the program and in a page that is the
// program's own; the report for a browser.
#include "orchestrator/cli/codes.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "muster/admin/v1/rollout.pb.h"
#include "orchestrator/cli/client.h"
#include "proto/rpc/time.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CodesTest : public CliTest {};

TEST_F(CodesTest, EveryCodeIsExplained) {
  for (const FailureInfo& info : AllFailures()) {
    ASSERT_EQ(RunWithoutSocket({"explain", info.text, "-o", "json"}), 0) << err_;
    EXPECT_THAT(out_, HasSubstr(info.text));
    EXPECT_NE(TitleOfArea(AreaOf(info)), "") << "an area without a heading: " << info.text;
  }
  EXPECT_THAT(admin_.calls, IsEmpty()) << "it is known without an orchestrator";
}

TEST_F(CodesTest, ItIsTypedAsPeopleType) {
  const std::vector<std::string> lines[] = {
      {"explain", "e-join-elsewhere"},
      {"explain", "code", "E-JOIN-ELSEWHERE"},
      {"--no-color", "explain", "E-JOIN-ELSEWHERE", "E-HUB-TLS"},
      {"-o", "csv", "explain", "E-Join-Elsewhere"},
  };
  for (const auto& line : lines) {
    EXPECT_EQ(RunWithoutSocket(line), 0) << err_;
    EXPECT_THAT(out_, HasSubstr("E-JOIN-ELSEWHERE"));
    EXPECT_THAT(out_, HasSubstr("--allow-takeover"));
  }
  EXPECT_EQ(RunWithoutSocket({"explain", "codes"}), 0);
  EXPECT_THAT(out_, HasSubstr("E-BACKUP-DAMAGED"));
}

TEST_F(CodesTest, WhatIsNoCodeIsSaidSo) {
  for (const std::string text : {"E-JOIN-ELSEWERE", "e-join-elsewere"}) {
    EXPECT_EQ(RunWithoutSocket({"explain", text}), 2);
    EXPECT_THAT(err_, HasSubstr("did you mean 'E-JOIN-ELSEWHERE'?"));
  }
  EXPECT_EQ(RunWithoutSocket({"explain", "E-"}), 2);
  EXPECT_EQ(RunWithoutSocket({"explain", "code", ""}), 2);
  EXPECT_EQ(RunWithoutSocket({"explain"}), 2);
  // A server may be called like a code.
  EXPECT_EQ(Run({"server", "explain", "E-JOIN-ELSEWHERE"}), 0) << err_;
  EXPECT_THAT(admin_.calls, Not(IsEmpty()));
}

TEST_F(CodesTest, ThePageIsTheTable) {
  std::ifstream file(MUSTER_SOURCE_DIR "/docs/codes.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(RunWithoutSocket({"explain", "codes", "--markdown"}), 0);
  EXPECT_TRUE(page.str() == out_) << "docs/codes.md is not what the table says: write it with "
                                     "'muster explain codes --markdown > docs/codes.md'";
  for (const FailureInfo& info : AllFailures()) {
    EXPECT_THAT(page.str(), HasSubstr(absl::StrCat("\n### ", info.text, "\n")));
  }
}

class PageTest : public CliTest {};

TEST_F(PageTest, TheReportIsWrittenAsAPage) {
  admin_.zones.add_zones()->set_zone_id("acme/prod");
  for (const std::vector<std::string>& flags : {std::vector<std::string>{},
                                                {"--tenant", "acme"},
                                                {"--zone", "acme/prod"},
                                                {"--since", "7d"},
                                                {"--since", "2026-01-01"}}) {
    std::vector<std::string> line = {"report", "--html"};
    line.insert(line.end(), flags.begin(), flags.end());
    EXPECT_EQ(Run(line), 0) << err_;
    EXPECT_THAT(out_, testing::StartsWith("<!doctype html>"));
  }
}

// A rollout over all customers: of it the page of one has that one's servers, and no word of others.
TEST_F(PageTest, ARolloutOverOthersTooIsShownInPart) {
  v1::Rollout& rollout = *admin_.rollouts.add_rollouts();
  rollout.set_rollout_id("rol-1");
  rollout.set_kind(v1::COMMAND_KIND_JOIN);
  rollout.set_reason("targets of zone other/prod are held");
  rollout.mutable_counts()->set_total(4711);
  *rollout.mutable_create_time() = rpc::ToProto(absl::FromUnixSeconds(1'784'365'000));
  for (const std::string zone : {"acme/prod", "acme/test", "acmex/prod", "other/prod"}) {
    v1::Target& target = *admin_.targets.add_targets();
    target.set_zone_id(zone);
    target.set_name("web");
    target.set_state(v1::TARGET_STATE_SUCCEEDED);
    *target.mutable_finish_time() = rpc::ToProto(absl::FromUnixSeconds(1'784'365'042));
  }
  EXPECT_EQ(Run({"report", "--tenant", "acme", "--html"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("Half of 2 within 42 s"));
  EXPECT_THAT(out_, Not(HasSubstr("other/prod")));
  EXPECT_THAT(out_, Not(HasSubstr("4711")));
  EXPECT_EQ(Run({"report", "--zone", "acme/test", "--html"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("Half of 1 within 42 s"));
  EXPECT_EQ(Run({"report", "--tenant", "nobody", "--html"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("None was created in this time."));
  EXPECT_EQ(Run({"report", "--html"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("Half of 4 within 42 s"));
  EXPECT_THAT(out_, HasSubstr("other/prod")) << "the provider's own page";
}

TEST_F(PageTest, WhatItCannotShowIsRefused) {
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--html", "--section", "zones"},
        {"--html", "--label", "site=x"},
        {"--html", "--name", "web"},
        {"--html", "--rollout", "rol-1"},
        {"--html", "--since", "2027-01-01"},
        {"--html", "--since", "soon"},
        {"--since", "7d"}}) {
    std::vector<std::string> line = {"report"};
    line.insert(line.end(), flags.begin(), flags.end());
    EXPECT_EQ(Run(line), 2) << flags.back();
    EXPECT_THAT(out_, IsEmpty());
  }
}

}  // namespace
}  // namespace muster::cli
