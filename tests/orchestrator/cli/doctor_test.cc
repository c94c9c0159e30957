#include <gmock/gmock.h>

#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DoctorTest : public CliTest {
 protected:
  DoctorTest() {
    admin_.status.set_version(MUSTER_VERSION);
    admin_.status.mutable_ca_expire_time()->set_seconds(2'000'000'000);
    auto& zone = *admin_.zones.add_zones();
    zone.set_zone_id("acme/prod");
    zone.set_hub_url("https://hub");
    zone.set_joining_key_version(1);
    zone.set_verifier_kind(admin::v1::VERIFIER_KIND_API_TOKEN);
  }
};

TEST_F(DoctorTest, HealthyInstallationIsFine) {
  EXPECT_EQ(Run({"doctor"}), 0) << out_;
  EXPECT_THAT(out_, AllOf(HasSubstr("1 zone with joining key and verifier"),
                          Not(HasSubstr("problem")), Not(HasSubstr("warning"))));
}

TEST_F(DoctorTest, ProblemsComeWithTheirRemedy) {
  admin_.zones.mutable_zones(0)->set_joining_key_version(0);
  admin_.zones.mutable_zones(0)->set_verifier_kind(admin::v1::VERIFIER_KIND_NONE);
  admin_.status.set_store_read_only(true);
  admin_.status.set_store_reason("disk full");
  admin_.status.set_version("9.9");
  auto& server = admin_.servers.emplace_back();
  server.set_zone_id("acme/prod");
  server.set_admission(types::v1::ADMISSION_REGISTERED);
  auto& rollout = *admin_.rollouts.add_rollouts();
  rollout.set_rollout_id("rol-1");
  rollout.set_state(admin::v1::ROLLOUT_STATE_PAUSED);
  EXPECT_EQ(Run({"doctor"}), 5);
  EXPECT_THAT(out_, AllOf(HasSubstr("muster key set acme/prod"), HasSubstr("has no verifier"),
                          HasSubstr("read-only: disk full"), HasSubstr("orchestrator 9.9"),
                          HasSubstr("muster token create --zone acme/prod"),
                          HasSubstr("muster rollout resume rol-1")));
}

TEST_F(DoctorTest, WhatTheOrchestratorFindsAboutItselfIsShown) {
  const auto add = [this](const char* name, const char* result, const char* next) {
    auto& check = *admin_.status.add_checks();
    check.set_name(name);
    check.set_result(result);
    check.set_seen(std::string("seen of ") + name);
    check.set_next(next);
  };
  add("store", "ok", "");
  add("backup", "warning", "Make one.");
  add("disk", "warning", "Make room.");
  EXPECT_EQ(Run({"doctor"}), 0) << "a warning is no failure";
  EXPECT_THAT(out_, AllOf(HasSubstr("seen of backup"), HasSubstr("Make one.")));
  add("listener session", "problem", "Restart it.");
  EXPECT_EQ(Run({"doctor"}), 5);
  EXPECT_THAT(out_, AllOf(HasSubstr("seen of listener session"), HasSubstr("Restart it.")));
  EXPECT_EQ(Run({"system", "status"}), 0);
  EXPECT_THAT(out_, HasSubstr("no; listener session: seen of listener session"));
}

// It works today; whoever runs the doctor every day hears of it before it does not.
TEST_F(DoctorTest, WhatComesToItsEndIsAFailure) {
  auto& check = *admin_.status.add_checks();
  for (const char* name :
       {"certificate authority", "listeners' certificate", "workers' certificates", "operators"}) {
    check.set_name(name);
    check.set_seen("ends 2026-08-01");
    check.set_next("Renew.");
    check.set_result("ok");
    EXPECT_EQ(Run({"doctor"}), 0) << name;
    check.set_result("warning");
    EXPECT_EQ(Run({"doctor"}), 5) << name;
    EXPECT_THAT(out_, AllOf(HasSubstr(name), HasSubstr("problem"), HasSubstr("Renew.")));
  }
  check.set_name("backup");
  EXPECT_EQ(Run({"doctor"}), 0) << "none yet";
  admin_.status.mutable_last_backup_time()->set_seconds(1'700'000'000);
  EXPECT_EQ(Run({"doctor"}), 5) << "an old one";
  check.set_result("ok");
  EXPECT_EQ(Run({"doctor"}), 0);
}

TEST_F(DoctorTest, AJoiningKeyThatEndsIsWarnedOf) {
  auto& end = *admin_.zones.mutable_zones(0)->mutable_joining_key_expire_time();
  end.set_seconds(2'000'000'000);
  EXPECT_EQ(Run({"doctor"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("warning")));
  end.set_seconds(1'784'365'200 + 86'400);  // Tomorrow.
  EXPECT_EQ(Run({"doctor"}), 0) << "a warning is no failure";
  EXPECT_THAT(out_, AllOf(HasSubstr("zone acme/prod"), HasSubstr("joining key ends "),
                          HasSubstr("muster key set acme/prod")));
}

TEST_F(DoctorTest, WhatWasObservedIsCountedAndNamed) {
  for (const char* name : {"web-1", "web-2"}) {
    auto& server = admin_.servers.emplace_back();
    server.set_zone_id("acme/prod");
    server.set_name(name);
    auto& seen = *server.add_observations();
    seen.mutable_failure()->set_code("E-CLOCK-SKEW");
    seen.mutable_failure()->set_detail("the server's clock is 3h behind");
    seen.mutable_failure()->set_remedy("Set it.");
    seen.set_times(4);
  }
  EXPECT_EQ(Run({"doctor"}), 0) << out_;
  EXPECT_THAT(out_, AllOf(HasSubstr("2 servers: E-CLOCK-SKEW, as acme/prod/web-1"),
                          HasSubstr("3h behind"), HasSubstr("Set it.")));
  EXPECT_EQ(Run({"server", "show", "acme/prod/web-1"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("observed:"), HasSubstr("E-CLOCK-SKEW: the server's clock is"),
                          HasSubstr("4 times"), HasSubstr("Set it.")));
}

TEST_F(DoctorTest, UnreachableOrchestratorIsThree) {
  admin_.failures["GetStatus"] = absl::UnavailableError("down");
  EXPECT_EQ(Run({"doctor", "-o", "json"}), 3);
  EXPECT_THAT(out_, HasSubstr("\"check\": \"connection\""));
}

TEST_F(DoctorTest, MissingFilesAreNamed) {
  variables_["HOME"] = directory_;
  EXPECT_EQ(RunWithoutSocket({"doctor", "--operator-dir", Path("none")}), 5);
  EXPECT_THAT(out_, HasSubstr("ca.crt"));
}

}  // namespace
}  // namespace muster::cli
