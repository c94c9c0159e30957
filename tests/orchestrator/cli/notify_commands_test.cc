// muster channel … and muster notify …
#include <gmock/gmock.h>

#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NotifyCommandsTest : public CliTest {};

TEST_F(NotifyCommandsTest, AChannelIsSetWithWhatIsNamedAlone) {
  in_ = "a secret of the receiver's\n";
  EXPECT_EQ(Run({"channel", "set", "acme/ops", "--url", "https://hooks.example/x", "--secret-file",
                 "-", "--event", "finding_opened", "--event", "rollout_paused", "--quiet",
                 "22:00-07:30", "--time-zone", "Europe/Vienna", "--group", "5m"}),
            0)
      << err_;
  const admin::v1::SetChannelRequest& request = admin_.channel_request;
  EXPECT_EQ(request.channel_id(), "acme/ops");
  EXPECT_EQ(request.kind(), admin::v1::CHANNEL_KIND_WEBHOOK);
  EXPECT_EQ(request.address(), "https://hooks.example/x");
  EXPECT_EQ(request.secret(), "a secret of the receiver's");
  EXPECT_EQ(request.events().events_size(), 2);
  EXPECT_EQ(request.quiet().from_minute(), 22 * 60);
  EXPECT_EQ(request.quiet().to_minute(), 7 * 60 + 30);
  EXPECT_EQ(request.quiet().time_zone(), "Europe/Vienna");
  EXPECT_EQ(request.group().seconds(), 300);
  EXPECT_FALSE(request.has_allow_private());
  EXPECT_THAT(out_ + err_, Not(HasSubstr("a secret of")));

  EXPECT_EQ(Run({"channel", "set", "acme/ops", "--event", "all", "--quiet", "none",
                 "--no-allow-private"}),
            0);
  EXPECT_TRUE(admin_.channel_request.has_events());
  EXPECT_EQ(admin_.channel_request.events().events_size(), 0);
  EXPECT_TRUE(admin_.channel_request.has_quiet());
  EXPECT_TRUE(admin_.channel_request.has_allow_private());
  EXPECT_FALSE(admin_.channel_request.allow_private());
  EXPECT_FALSE(admin_.channel_request.has_address());
}

TEST_F(NotifyCommandsTest, WhatIsWrittenWronglyAsksNobody) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"channel", "set", "acme/ops", "--quiet", "22-7"},
        std::vector<std::string>{"channel", "set", "acme/ops", "--event", "birthday"},
        std::vector<std::string>{"channel", "set", "acme/ops", "--group", "soon"},
        std::vector<std::string>{"channel", "set", "acme/ops", "--time-zone", "UTC"},
        std::vector<std::string>{"channel", "set", "acme/ops", "--url", "https://x.example",
                                 "--relay", "smtp://y.example:25"}}) {
    EXPECT_EQ(Run(command), 2) << command.back();
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(NotifyCommandsTest, ATestSaysWhetherItGotThrough) {
  admin_.delivery.set_delivery_id("dlv-1");
  admin_.delivery.set_state(admin::v1::DELIVERY_STATE_DELIVERED);
  EXPECT_EQ(Run({"notify", "test", "acme/ops"}), 0);
  admin_.delivery.set_state(admin::v1::DELIVERY_STATE_FAILED);
  admin_.delivery.mutable_failure()->set_code("E-NOTIFY-ANSWER");
  admin_.delivery.mutable_failure()->set_detail("it answered HTTP 500");
  EXPECT_EQ(Run({"notify", "test", "acme/ops"}), 5);
  EXPECT_THAT(out_ + err_, HasSubstr("it answered HTTP 500"));
}

TEST_F(NotifyCommandsTest, AChannelIsPausedAndGoesOn) {
  EXPECT_EQ(Run({"channel", "pause", "acme/ops"}), 0) << err_;
  EXPECT_EQ(admin_.channel_request.channel_id(), "acme/ops");
  EXPECT_TRUE(admin_.channel_request.paused());
  EXPECT_FALSE(admin_.channel_request.has_coverage_target()) << "nothing else changes";
  EXPECT_EQ(Run({"channel", "resume", "acme/ops"}), 0) << err_;
  EXPECT_TRUE(admin_.channel_request.has_paused());
  EXPECT_FALSE(admin_.channel_request.paused());
}

TEST_F(NotifyCommandsTest, WhatIsOpenIsTold) {
  in_ = "a secret of the receiver's\n";
  EXPECT_EQ(
      Run({"channel", "set", "acme/ops", "--url", "https://hooks.example/x", "--secret-file", "-"}),
      0);
  EXPECT_THAT(out_ + err_, HasSubstr("muster notify open acme/ops")) << "it begins now";
  admin_.open_told.set_told(1000);
  admin_.open_told.set_left_out(7);
  EXPECT_EQ(Run({"notify", "open", "acme/ops"}), 0) << err_;
  EXPECT_THAT(out_ + err_, HasSubstr("1000 things that are open"));
  EXPECT_THAT(out_ + err_, HasSubstr("7 findings more: muster finding list"));
}

TEST_F(NotifyCommandsTest, AJoiningKeyMayEnd) {
  in_ = "the secret\n";
  EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "c", "--secret-file", "-", "--expires",
                 "2027-01-31"}),
            0)
      << err_;
  EXPECT_EQ(admin_.key_request.expire_time().seconds(), 1'801'353'600);
  in_ = "the secret\n";
  EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "c", "--secret-file", "-"}), 0) << err_;
  EXPECT_FALSE(admin_.key_request.has_expire_time());
  EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "c", "--secret-file", "-", "--expires",
                 "soon"}),
            2);
  EXPECT_THAT(err_, HasSubstr("write a day (2027-01-31)"));
}

TEST_F(NotifyCommandsTest, ADeliveryShowsItsEventsAndAttempts) {
  admin_.delivery.set_delivery_id("dlv-1");
  admin_.delivery.set_state(admin::v1::DELIVERY_STATE_WAITING);
  auto& event = *admin_.delivery.add_events();
  event.set_kind(admin::v1::NOTIFICATION_KIND_FINDING_OPENED);
  event.set_summary("missing, acme/prod/web1");
  auto& attempt = *admin_.delivery.add_attempts();
  attempt.set_attempt(1);
  attempt.mutable_finish_time()->set_seconds(1'790'000'000);
  attempt.mutable_failure()->set_code("E-NOTIFY-ANSWER");
  attempt.mutable_failure()->set_detail("it answered HTTP 500");
  EXPECT_EQ(Run({"notify", "show", "dlv-1"}), 0);
  EXPECT_THAT(out_ + err_, AllOf(HasSubstr("missing, acme/prod/web1"), HasSubstr("attempt 1"),
                                 HasSubstr("E-NOTIFY-ANSWER: it answered HTTP 500")));
  EXPECT_EQ(Run({"notify", "list", "--channel", "acme/ops", "--state", "failed"}), 0);
  EXPECT_EQ(admin_.deliveries_request.channel_id(), "acme/ops");
  EXPECT_EQ(admin_.deliveries_request.states(0), admin::v1::DELIVERY_STATE_FAILED);
  EXPECT_EQ(Run({"notify", "replay", "dlv-1"}), 0);
  EXPECT_NE(Run({"channel", "remove", "acme/ops"}), 0) << "asks first";
  EXPECT_EQ(Run({"channel", "remove", "acme/ops", "--yes"}), 0);
}

}  // namespace
}  // namespace muster::cli
