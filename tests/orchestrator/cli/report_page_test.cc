// The report as a page: what it adds up, and that nothing foreign in it is obeyed.
#include "orchestrator/cli/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const absl::Time kPageNow = absl::FromUnixSeconds(1'784'365'200);  // 2026-07-18T09:00:00Z

v1::Sweep SweepOf(const std::string& zone, absl::Duration ago, int confirmed, int servers,
                  v1::SweepState state = v1::SWEEP_STATE_COMPLETED) {
  v1::Sweep sweep;
  sweep.set_zone_id(zone);
  sweep.set_state(state);
  sweep.set_confirmed(confirmed);
  sweep.set_servers(servers);
  *sweep.mutable_finish_time() = rpc::ToProto(kPageNow - ago);
  return sweep;
}

ReportPageInput Input() {
  ReportPageInput input;
  input.about = "acme";
  input.from = kPageNow - absl::Hours(24 * 30);
  input.to = kPageNow;
  return input;
}

v1::Report::ZoneLine& AddZone(ReportPageInput& input, const std::string& id, int servers,
                              int enrolled, int proven) {
  v1::Report::ZoneLine& zone = *input.report.add_zones();
  zone.set_zone_id(id);
  zone.set_servers(servers);
  zone.set_enrolled(enrolled);
  zone.set_proven(proven);
  return zone;
}

std::vector<std::string> SharesOf(const std::vector<v1::Sweep>& sweeps) {
  std::vector<std::string> out;
  for (const Share& share : CoverageOverTime(sweeps)) {
    out.push_back(absl::StrCat(absl::ToInt64Hours(kPageNow - share.time), " h ago ",
                               static_cast<int>(100 * share.share)));
  }
  return out;
}

TEST(CoverageTest, AddsUpTheZonesAsTheyWereThen) {
  EXPECT_THAT(
      SharesOf({SweepOf("a/x", absl::Hours(1), 10, 10), SweepOf("a/y", absl::Hours(2), 5, 10),
                SweepOf("a/x", absl::Hours(3), 0, 10)}),
      ElementsAre("3 h ago 0", "2 h ago 25", "1 h ago 75"))
      << "newest first, as the orchestrator answers";
}

TEST(CoverageTest, WhatSaysNothingChangesNothing) {
  EXPECT_THAT(SharesOf({}), IsEmpty());
  EXPECT_THAT(
      SharesOf({SweepOf("a/x", absl::Hours(1), 0, 10, v1::SWEEP_STATE_FAILED),
                SweepOf("a/x", absl::Hours(2), 0, 10, v1::SWEEP_STATE_SKIPPED),
                SweepOf("a/x", absl::Hours(3), 10, 10), SweepOf("a/x", absl::Hours(4), 10, 10),
                SweepOf("a/empty", absl::Hours(9), 0, 0)}),
      ElementsAre("4 h ago 100"));
}

TEST(ReportPageTest, AnEmptyOneIsAPage) {
  const std::string page = ReportPage(Input());
  EXPECT_THAT(page, AllOf(HasSubstr("<!doctype html>"), HasSubstr("</html>"),
                          HasSubstr("No sweep has ended"), HasSubstr("None is open")));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST(ReportPageTest, AllButOneIsNotAll) {
  ReportPageInput input = Input();
  AddZone(input, "acme/prod", 10000, 10000, 9999);
  EXPECT_THAT(ReportPage(input), AllOf(HasSubstr("99.9 %"), Not(HasSubstr("100 %</b>"))));
  input.report.mutable_zones(0)->set_proven(10000);
  EXPECT_THAT(ReportPage(input), HasSubstr("100 %</b>"));
}

TEST(ReportPageTest, ForeignTextIsText) {
  ReportPageInput input = Input();
  const std::string evil = "<script>alert('1')</script>\" onload=\"x\x1b[2J\xE2\x80\xAE&amp;";
  AddZone(input, evil, 1, 0, 0).mutable_hub_failure()->set_detail(evil);
  input.report.mutable_zones(0)->set_hub_url(evil);
  input.about = evil;
  auto& problem = *input.report.add_problems();
  problem.set_server(evil);
  problem.mutable_failure()->set_code(evil);
  problem.mutable_failure()->set_detail(evil);
  v1::Finding finding;
  finding.set_server(evil);
  finding.mutable_failure()->set_detail(evil);
  finding.set_reason(evil);
  input.findings.push_back(finding);
  finding.set_state(v1::FINDING_STATE_SUPPRESSED);
  finding.set_actor(evil);
  input.findings.push_back(finding);
  v1::Rollout rollout;
  rollout.set_created_by(evil);
  rollout.set_reason(evil);
  input.rollouts.push_back(rollout);
  input.report.mutable_audit_head()->set_line(evil);
  const std::string page = ReportPage(input);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("\x1b")),
                          Not(HasSubstr("\xE2\x80\xAE")), Not(HasSubstr("onload=\""))));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("http-equiv=\"refresh")));
}

TEST(ReportPageTest, CausesAreCountedAndTold) {
  ReportPageInput input = Input();
  for (int i = 0; i < 3; ++i) {
    auto& problem = *input.report.add_problems();
    problem.set_server(absl::StrCat("web-", i));
    problem.mutable_failure()->set_code(i == 0 ? "E-HUB-TLS" : "E-JOIN-KEY-REFUSED");
    problem.mutable_failure()->set_remedy("Check the key.");
  }
  const std::string page = ReportPage(input);
  EXPECT_LT(page.find(">E-JOIN-KEY-REFUSED</text>"), page.find(">E-HUB-TLS</text>"))
      << "most first";
  EXPECT_THAT(page, HasSubstr("Check the key."));
}

TEST(ReportPageTest, SomeThousandsOfRowsAreNotDrawn) {
  ReportPageInput input = Input();
  for (int i = 0; i < 1500; ++i) input.report.add_problems()->set_server(absl::StrCat("web-", i));
  const std::string page = ReportPage(input);
  EXPECT_THAT(page,
              AllOf(HasSubstr("web-999<"), Not(HasSubstr("web-1000<")), HasSubstr("500 more")));
}

TEST(ReportPageTest, WaitsAndArrivals) {
  ReportPageInput input = Input();
  for (int i = 1; i <= 100; ++i) input.waits.push_back(absl::Seconds(i));
  input.arrivals = {kPageNow, input.from, kPageNow - absl::Hours(24)};
  const std::string page = ReportPage(input);
  EXPECT_THAT(page, HasSubstr("Half of 100 within 51 s, 95 of 100 within 2 min"));
  EXPECT_THAT(page, HasSubstr("came into the inventory in this time: 3."));
}

TEST(PlotsTest, WhateverTheNumbersAreTheDrawingHolds) {
  const std::string plots[] = {
      ShareOverTime("x", {{kPageNow, 2.0}, {kPageNow + absl::Hours(1), -1.0}}, kPageNow, kPageNow),
      ShareOverTime("x", {{absl::InfinitePast(), 0.5}}, kPageNow - absl::Hours(1), kPageNow),
      ShareOverTime("x", {}, kPageNow - absl::Hours(1), kPageNow), Bars("x", {{"a", 0}, {"b", -3}}),
      Bars("x", {})};
  for (const std::string& plot : plots) {
    EXPECT_THAT(plot, AllOf(HasSubstr("<svg"), HasSubstr("</svg>"), Not(HasSubstr("nan")),
                            Not(HasSubstr("inf")), Not(HasSubstr("\"-"))));
  }
}

}  // namespace
}  // namespace muster::cli
