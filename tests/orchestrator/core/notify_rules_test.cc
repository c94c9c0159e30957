// Who may have which channel, and when it is quiet.
#include "orchestrator/core/notify/quiet_hours.h"
#include "tests/orchestrator/core/notify_bench.h"

namespace muster::core {
namespace {

class NotifyRulesTest : public NotifyBench {
 protected:
  void SetUp() override { BuildNotifying(); }
  static ChannelInput Mail() {
    ChannelInput input;
    input.tenant_id = TenantId("tenant-0");
    input.slug = "mail";
    input.kind = store::ChannelKind::kEmail;
    input.address = "smtp://relay.example:587";
    input.sender = "muster@msp.example";
    input.recipients = {{"ops@acme.example"}};
    input.user = "muster";
    input.secret = Secret::CopyOf("password");
    return input;
  }
  static ChannelInput Change(const std::string& slug = "ops") {
    ChannelInput input;
    input.tenant_id = TenantId("tenant-0");
    input.slug = slug;
    return input;
  }
  const Actor tenant_{"operator:opr-t", store::TenantWall::Of({TenantId("tenant-0")})};
};

TEST_F(NotifyRulesTest, TheProvidersNetIsTheProvidersMatter) {
  ChannelInput input = Webhook("tenant-0");
  input.allow_private = true;
  EXPECT_FAILS_WITH(Set(std::move(input), tenant_), kAuthForbidden);
  EXPECT_FAILS_WITH(Set(Webhook(""), tenant_), kAuthForbidden);
  EXPECT_FAILS_WITH(Set(Webhook("tenant-1"), tenant_), kTenantUnknown);
  input = Mail();
  input.user = "";
  input.secret.reset();
  input.plain_smtp = true;
  EXPECT_FAILS_WITH(Set(std::move(input), tenant_), kAuthForbidden);
  EXPECT_TRUE(Set(Webhook("tenant-0"), tenant_).ok());

  input = Webhook("tenant-0", "inside");
  input.allow_private = true;
  input.address = "http://10.0.0.7/hook";
  EXPECT_TRUE(Set(std::move(input), operator_).ok());
  // What the provider allowed for one address, a tenant's operator does not point elsewhere.
  input = Change("inside");
  input.address = "http://169.254.169.254/";
  EXPECT_FAILS_WITH(Set(std::move(input), tenant_), kAuthForbidden);
}

TEST_F(NotifyRulesTest, WhatNoChannelMayHold) {
  const auto refused = [&](const std::function<void(ChannelInput&)>& spoil, ChannelInput input) {
    spoil(input);
    const auto made = Set(std::move(input), operator_);
    EXPECT_EQ(FailureCodeOf(made.status()), FailureCode::kRequestInvalid) << made.status();
  };
  const auto hook = [] { return Webhook("tenant-0"); };
  refused([](ChannelInput& i) { i.address = "http://hooks.example/"; }, hook());
  refused([](ChannelInput& i) { i.address = "https://user:pw@hooks.example/"; }, hook());
  refused([](ChannelInput& i) { i.address = "ftp://hooks.example/"; }, hook());
  refused([](ChannelInput& i) { i.address = "https://localhost/"; }, hook());
  refused([](ChannelInput& i) { i.address = "https://127.1/"; }, hook());
  refused([](ChannelInput& i) { i.secret.reset(); }, hook());
  refused([](ChannelInput& i) { i.secret = Secret::CopyOf("short"); }, hook());
  refused([](ChannelInput& i) { i.slug = "Ops!"; }, hook());
  refused([](ChannelInput& i) { i.quiet = store::QuietHours{0, 60, "Mars/Olympus"}; }, hook());
  refused([](ChannelInput& i) { i.group = absl::Hours(25); }, hook());
  refused([](ChannelInput& i) { i.coverage_target = 101; }, hook());
  refused([](ChannelInput& i) { i.user = "x"; }, hook());
  refused([](ChannelInput& i) { i.sender = "a@b.example\r\nBcc: x@y.example"; }, Mail());
  refused([](ChannelInput& i) { i.recipients = {{"ops@acme.example> SIZE=1"}}; }, Mail());
  refused([](ChannelInput& i) { i.recipients.emplace(); }, Mail());
  refused([](ChannelInput& i) { i.address = "smtp://relay.example"; }, Mail());
  refused([](ChannelInput& i) { i.plain_smtp = true; }, Mail());
  refused([](ChannelInput& i) { i.secret.reset(); }, Mail());
  refused([](ChannelInput& i) { i.kind.reset(); }, hook());
}

TEST_F(NotifyRulesTest, APasswordIsNotTakenAlongToAnotherRelay) {
  ASSERT_TRUE(Set(Mail(), tenant_).ok());
  ChannelInput input = Change("mail");
  input.recipients = {{"other@acme.example"}};
  EXPECT_TRUE(Set(std::move(input), tenant_).ok()) << "the same relay";
  input = Change("mail");
  input.address = "smtp://evil.example:25";
  EXPECT_FAILS_WITH(Set(std::move(input), tenant_), kRequestInvalid);
  EXPECT_EQ(ChannelNow("tenant-0/mail").address, "smtp://relay.example:587");
}

TEST_F(NotifyRulesTest, OfOneTenantThereAreSoMany) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Set(Webhook("tenant-0", absl::StrCat("c", i)), tenant_).ok());
  }
  EXPECT_FAILS_WITH(Set(Webhook("tenant-0", "more"), tenant_), kRequestInvalid);
  EXPECT_TRUE(Set(Webhook("tenant-0", "c3"), tenant_).ok()) << "a change is none more";
  EXPECT_TRUE(Set(Webhook("tenant-1"), operator_).ok());
}

absl::Time VienneseTime(int day, int hour, int minute) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Vienna", &zone));
  return absl::FromCivil(absl::CivilSecond(2026, 3, day, hour, minute), zone);
}

TEST(QuietHoursTest, OverMidnight) {
  const store::QuietHours quiet{22 * 60, 7 * 60, "Europe/Vienna"};
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(10, 12, 0)), VienneseTime(10, 12, 0));
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(10, 22, 0)), VienneseTime(11, 7, 0));
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(11, 6, 59)), VienneseTime(11, 7, 0));
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(11, 7, 0)), VienneseTime(11, 7, 0));
  EXPECT_EQ(AfterQuiet({}, VienneseTime(11, 3, 0)), VienneseTime(11, 3, 0));
}

TEST(QuietHoursTest, ANightInWhichTheClocksChange) {
  // 2026-03-29, 02:00 is 03:00 in Vienna.
  const store::QuietHours quiet{23 * 60, 2 * 60 + 30, "Europe/Vienna"};
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(28, 23, 30)), VienneseTime(29, 3, 0));
  EXPECT_EQ(AfterQuiet(quiet, VienneseTime(29, 1, 59)), VienneseTime(29, 3, 0));
}

}  // namespace
}  // namespace muster::core
