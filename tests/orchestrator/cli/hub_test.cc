// muster hub …, and what the doctor says of hubs.
#include <gmock/gmock.h>

#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class HubCommandsTest : public CliTest {
 protected:
  HubCommandsTest() {
    admin_.status.set_version(MUSTER_VERSION);
    admin_.status.mutable_ca_expire_time()->set_seconds(2'000'000'000);
    auto& zone = *admin_.zones.add_zones();
    zone.set_zone_id("acme/prod");
    zone.set_hub_url("https://hub");
    zone.set_joining_key_version(1);
    zone.set_verifier_kind(admin::v1::VERIFIER_KIND_API_TOKEN);
    hub_ = admin_.hubs.add_hubs();
    hub_->set_zone_id("acme/prod");
    hub_->set_hub_url("https://hub");
    hub_->set_standing(admin::v1::HUB_STANDING_READ);
    hub_->mutable_read_time()->set_seconds(1'790'000'000);
    hub_->set_list_kind(admin::v1::HUB_LIST_KIND_FULL);
    hub_->set_hub_version("7.0.2.0");
    hub_->set_instances(12);
  }
  void Break() {
    hub_->set_standing(admin::v1::HUB_STANDING_LEFT_ALONE);
    hub_->set_failures(4);
    hub_->mutable_failing_time()->set_seconds(1'790'000'000);
    hub_->mutable_left_alone_since()->set_seconds(1'790'000'050);
    hub_->mutable_left_alone_until()->set_seconds(1'790'000'100);
    hub_->mutable_failure()->set_code("E-HUB-TLS");
    hub_->mutable_failure()->set_detail("expired");
    hub_->mutable_failure()->set_remedy("Renew it.");
  }
  void AddStep(const char* name, admin::v1::HubCheckStep::Result result) {
    auto& step = *admin_.hub_check.add_steps();
    step.set_name(name);
    step.set_result(result);
    step.set_seen(std::string("seen of ") + name);
    step.set_next("Do something.");
  }
  admin::v1::Hub* hub_;
};

TEST_F(HubCommandsTest, ListAndShowSayHowHubsStand) {
  EXPECT_EQ(Run({"hub", "list"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("acme/prod"), HasSubstr("read")));
  EXPECT_EQ(Run({"hub", "show", "acme/prod"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("7.0.2.0"), HasSubstr("12"), HasSubstr("all records")));
  Break();
  EXPECT_EQ(Run({"hub", "list"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("left_alone"), HasSubstr("E-HUB-TLS: expired"),
                          HasSubstr("2026-09-21T14:15:00Z")));
  EXPECT_EQ(Run({"hub", "show", "acme/prod"}), 0);
  EXPECT_THAT(out_, HasSubstr("Renew it."));
  admin_.hubs.clear_hubs();
  EXPECT_NE(Run({"hub", "show", "acme/none"}), 0);
}

TEST_F(HubCommandsTest, ShowNamesAHubThatProvesNoAbsence) {
  hub_->set_list_kind(admin::v1::HUB_LIST_KIND_CONNECTED_ONLY);
  EXPECT_EQ(Run({"hub", "show", "acme/prod"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("connected_only"), HasSubstr("hubs of 2025")));
}

TEST_F(HubCommandsTest, CheckFailsWithAProblemAndNotWithAWarning) {
  AddStep("dns", admin::v1::HubCheckStep::RESULT_OK);
  AddStep("tls", admin::v1::HubCheckStep::RESULT_WARNING);
  EXPECT_EQ(Run({"hub", "check", "acme/prod"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("seen of dns"), HasSubstr("warning")));
  AddStep("role", admin::v1::HubCheckStep::RESULT_PROBLEM);
  AddStep("list", admin::v1::HubCheckStep::RESULT_SKIPPED);
  EXPECT_EQ(Run({"hub", "check", "acme/prod"}), 5);
  EXPECT_THAT(out_, AllOf(HasSubstr("seen of role"), HasSubstr("Do something.")));
  EXPECT_EQ(Run({"hub", "check", "no zone"}), 2);
}

TEST_F(HubCommandsTest, AShrinkIsAcceptedWithAWord) {
  hub_->set_short_readings(1);
  hub_->set_short_instances(3);
  admin_.accepted_shrink.set_instances(3);
  EXPECT_EQ(Run({"hub", "show", "acme/prod"}), 0);
  EXPECT_THAT(err_, HasSubstr("muster hub accept-shrink acme/prod"));
  EXPECT_NE(Run({"hub", "accept-shrink", "acme/prod"}), 0) << "nobody was asked";
  EXPECT_THAT(admin_.calls, Not(Contains("AcceptShrink")));
  EXPECT_EQ(Run({"hub", "accept-shrink", "acme/prod", "--yes"}), 0);
  EXPECT_THAT(admin_.calls, Contains("AcceptShrink"));
}

TEST_F(HubCommandsTest, TheDoctorFailsWhenAHubCannotBeRead) {
  EXPECT_EQ(Run({"doctor"}), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("1 hub read at the last try"));
  Break();
  EXPECT_EQ(Run({"doctor"}), 5);
  EXPECT_THAT(out_, AllOf(HasSubstr("cannot be read since 2026-09-21T14:13:20Z, left alone until"),
                          HasSubstr("E-HUB-TLS: expired"), HasSubstr("muster hub check acme/prod"),
                          HasSubstr("Renew it.")));
}

TEST_F(HubCommandsTest, TheDoctorWarnsOfWhatIsUnknownShortOrPartial) {
  hub_->set_list_kind(admin::v1::HUB_LIST_KIND_SUMMARY);
  hub_->set_short_readings(2);
  hub_->set_short_instances(3);
  EXPECT_EQ(Run({"doctor"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("its list is summary"), HasSubstr("accept-shrink acme/prod")));
  hub_->set_standing(admin::v1::HUB_STANDING_NEVER_READ);
  EXPECT_EQ(Run({"doctor"}), 0);
  EXPECT_THAT(out_, HasSubstr("was never read by its present URL"));
}

}  // namespace
}  // namespace muster::cli
