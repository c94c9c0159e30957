// What becomes of deliveries: nothing is lost, nothing is sent twice unmarked, who hangs holds up
// himself. Channels of a bench, virtual time.
#include "tests/orchestrator/core/notify_bench.h"

namespace muster::core {
namespace {

using store::DeliveryState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class NotifyTest : public NotifyBench {};

// Remedy walked: E-NOTIFY-ANSWER
TEST_F(NotifyTest, AReceiverThatFailsGetsTheSameDeliveryAgainMarkedAsARepeat) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.answers = {FakeSender::Answered(500), FakeSender::Answered(500)};
  Happens("tok-1");
  world_->RunFor(absl::Minutes(10));
  ASSERT_THAT(sender_.sent, SizeIs(3));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sender_.sent[size_t(i)].id, sender_.sent[0].id);
    EXPECT_EQ(sender_.sent[size_t(i)].attempt, i + 1);
    EXPECT_THAT(sender_.sent[size_t(i)].subjects, ElementsAre("tok-1"));
  }
  const std::vector<store::Delivery> log = Deliveries();
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].state, DeliveryState::kDelivered);
  const auto attempts = *world_->Read()->notifications().ListAttempts(log[0].id);
  ASSERT_THAT(attempts, SizeIs(3));
  EXPECT_EQ(attempts[0].status, 500);
  EXPECT_EQ(attempts[0].failure->code, FailureCode::kNotifyAnswer);
  EXPECT_EQ(attempts[2].status, 200);
  EXPECT_FALSE(attempts[2].failure.has_value());
  EXPECT_EQ(ChannelNow("tenant-0/ops").health.failures, 0);
}

TEST_F(NotifyTest, TheTriesGetFartherApartUntilItIsGivenUpAndAReplayIsTheNextAttempt) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.broken = true;
  Happens("tok-1");
  world_->RunFor(absl::Hours(80));
  ASSERT_THAT(Deliveries(), SizeIs(1));
  const store::Delivery given_up = Deliveries()[0];
  EXPECT_EQ(given_up.state, DeliveryState::kFailed);
  EXPECT_GT(given_up.attempts, 70);   // An hour apart at most.
  EXPECT_LT(given_up.attempts, 400);  // Far apart soon.
  EXPECT_GE(*given_up.finish_time - given_up.since, absl::Hours(72));
  EXPECT_EQ(world_->AuditOf(given_up.id.value(), 1).at(0).action, "notification.failed");
  const size_t before = sender_.sent.size();
  world_->RunFor(absl::Hours(80));
  EXPECT_THAT(sender_.sent, SizeIs(before)) << "it was given up";

  sender_.broken = false;
  ASSERT_TRUE(Replay(given_up.id.value()).ok());
  world_->RunFor(absl::Minutes(20));  // The channel may still be left alone.
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
  EXPECT_EQ(sender_.sent.back().id, given_up.id.value());
  EXPECT_EQ(sender_.sent.back().attempt, given_up.attempts + 1);
  EXPECT_FAILS_WITH(Replay("dlv-none"), kInventoryDelivery);
}

TEST_F(NotifyTest, WhatIsRefusedForGoodIsNotTriedAgain) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  SendOutcome gone = FakeSender::Answered(410);
  gone.is_final = true;
  sender_.answers = {gone};
  Happens("tok-1");
  world_->RunFor(absl::Hours(5));
  EXPECT_THAT(sender_.sent, SizeIs(1));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kFailed);
}

TEST_F(NotifyTest, WhoHangsHoldsUpHimself) {
  CoreOptions options;
  options.notify.tenant_attempts = 2;
  options.notify.attempt_patience = absl::Hours(1);
  BuildNotifying(options);
  sender_.hanging = {"tenant-0/a", "tenant-0/b"};
  Make(Webhook("tenant-0", "a"));
  Make(Webhook("tenant-0", "b"));
  Make(Webhook("tenant-0", "c"));
  Make(Webhook("tenant-1"));
  Happens("tok-0");
  Happens("tok-1", "tenant-1");
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(sender_.To("tenant-1/ops"), SizeIs(1));
  EXPECT_THAT(sender_.To("tenant-0/c"), IsEmpty()) << "beyond what its tenant may have under way";
  sender_.hanging.erase("tenant-0/a");
  sender_.held[0](FakeSender::Taken());
  world_->RunFor(absl::Seconds(5));
  EXPECT_THAT(sender_.To("tenant-0/c"), SizeIs(1));
  Happens("tok-2");
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(sender_.To("tenant-0/b"), SizeIs(1)) << "one at a time of a channel";
  EXPECT_THAT(sender_.To("tenant-0/c"), SizeIs(2));
}

TEST_F(NotifyTest, AChannelThatGoesOnFailingIsLeftAloneButATestGetsThrough) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.broken = true;
  for (int i = 0; i < 8; ++i) Happens(absl::StrCat("tok-", i));
  world_->RunFor(absl::Minutes(3));
  const store::Channel channel = ChannelNow("tenant-0/ops");
  EXPECT_GE(channel.health.failures, 5);
  ASSERT_TRUE(channel.health.not_before.has_value());
  const size_t before = sender_.sent.size();
  sender_.broken = false;
  const auto test = TestOf("tenant-0/ops");
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->state, DeliveryState::kDelivered);
  EXPECT_EQ(sender_.sent.at(before).id, test->id.value());
  world_->RunFor(absl::Hours(2));
  for (const store::Delivery& delivery : Deliveries()) {
    EXPECT_EQ(delivery.state, DeliveryState::kDelivered);
  }
  EXPECT_FAILS_WITH(TestOf("tenant-0/none"), kInventoryChannel);
}

TEST_F(NotifyTest, ATestIsTriedOnce) {
  BuildNotifying();
  ChannelInput input = Webhook("tenant-0");
  input.quiet = store::QuietHours{0, 23 * 60 + 59, ""};
  Make(std::move(input));
  sender_.broken = true;
  const auto test = TestOf("tenant-0/ops");
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->state, DeliveryState::kFailed);
  world_->RunFor(absl::Hours(30));
  EXPECT_THAT(sender_.sent, SizeIs(1));
}

TEST_F(NotifyTest, WhatWasUnderWayAtAnEndIsRepeatedWithTheNextNumber) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.hanging = {"tenant-0/ops"};
  Happens("tok-1");
  world_->RunFor(absl::Seconds(5));
  ASSERT_THAT(sender_.sent, SizeIs(1));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kSending);
  sender_.hanging.clear();
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(5));
  ASSERT_THAT(sender_.sent, SizeIs(2));
  EXPECT_EQ(sender_.sent[1].id, sender_.sent[0].id);
  EXPECT_EQ(sender_.sent[1].attempt, 2);
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
}

TEST_F(NotifyTest, AnAttemptWhoseEndNobodyTellsIsRepeatedWithTheNextNumber) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.hanging = {"tenant-0/ops"};
  Happens("tok-1");
  world_->RunFor(absl::Minutes(1));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kSending);
  sender_.hanging.clear();
  world_->RunFor(absl::Minutes(5));
  ASSERT_THAT(sender_.sent, SizeIs(2));
  EXPECT_EQ(sender_.sent[1].id, sender_.sent[0].id);
  EXPECT_EQ(sender_.sent[1].attempt, 2);
  const auto attempts = *world_->Read()->notifications().ListAttempts(Deliveries()[0].id);
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0].failure->code, FailureCode::kNotifyUnreachable);
  EXPECT_THAT(attempts[0].failure->detail, testing::HasSubstr("it may have arrived"));
  // What comes after all changes nothing.
  sender_.held[0](FakeSender::Answered(500));
  world_->RunFor(absl::Minutes(5));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
  EXPECT_THAT(sender_.sent, SizeIs(2));
}

TEST_F(NotifyTest, OverAChannelThatIsPausedNothingLeavesButTestsAndWhatWaitsLeavesAfterwards) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Pause("tenant-0/ops", true);
  Happens("tok-1");
  world_->RunFor(absl::Hours(1));
  Happens("tok-2");
  world_->KillOrchestrator();
  world_->RunFor(absl::Hours(1));
  EXPECT_THAT(sender_.sent, IsEmpty());
  const auto test = TestOf("tenant-0/ops");
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->state, DeliveryState::kDelivered);
  Pause("tenant-0/ops", false);
  world_->RunFor(absl::Minutes(1));
  ASSERT_THAT(sender_.sent, SizeIs(2));
  EXPECT_THAT(sender_.sent[1].subjects, ElementsAre("tok-1", "tok-2"));
  EXPECT_EQ(sender_.sent[1].attempt, 1);
}

// Remedy walked: E-NOTIFY-PAUSED
TEST_F(NotifyTest, WhatWaitedForThreeDaysOverAPausedChannelIsGivenUpAndMayBeReplayed) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Pause("tenant-0/ops", true);
  Happens("tok-1");
  world_->RunFor(absl::Hours(71));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kWaiting);
  Happens("tok-2", "tenant-1");  // Of another tenant: a turn.
  world_->RunFor(absl::Hours(2));
  ASSERT_THAT(Deliveries(), SizeIs(1));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kFailed);
  EXPECT_EQ(Deliveries()[0].failure->code, FailureCode::kNotifyPaused);
  EXPECT_EQ(Deliveries()[0].attempts, 0);
  EXPECT_THAT(sender_.sent, IsEmpty());
  Pause("tenant-0/ops", false);
  ASSERT_TRUE(Replay(Deliveries()[0].id.value()).ok());
  world_->RunFor(absl::Minutes(1));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
  EXPECT_THAT(sender_.sent, SizeIs(1));
}

// It waited long for no fault of the receiver's: who fails at its first attempt is tried again.
TEST_F(NotifyTest, ThePauseDoesNotCountAgainstWhatWaited) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Pause("tenant-0/ops", true);
  Happens("tok-1");
  world_->RunFor(absl::Hours(71));
  Pause("tenant-0/ops", false);
  sender_.broken = true;
  world_->RunFor(absl::Hours(5));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kWaiting);
  EXPECT_GT(Deliveries()[0].attempts, 3);
  sender_.broken = false;
  world_->RunFor(absl::Hours(2));
  EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
}

// Each commit of the way from the fact to the delivery is the last one of a process.
TEST_F(NotifyTest, ACrashAtAnyCommitLosesNothingAndRepeatsNothingUnmarked) {
  for (const Fault fault : {Fault::kCrashBefore, Fault::kCrashAfter}) {
    for (int n = 1; n <= 8; ++n) {
      SCOPED_TRACE(absl::StrCat(n, fault == Fault::kCrashBefore ? " before" : " after"));
      sender_ = FakeSender();
      BuildNotifying();
      Make(Webhook("tenant-0"));
      sender_.answers = {FakeSender::Answered(500)};
      Log("tok-1");
      world_->faulty_store().FailCommit(world_->faulty_store().commits() + n, fault);
      operations().notifications.Call(
          &NotificationOperations::Replay, [](const absl::StatusOr<store::Delivery>&) {}, operator_,
          DeliveryId("dlv-none"));
      world_->RunFor(absl::Minutes(30));
      ASSERT_THAT(Deliveries(), SizeIs(1));
      EXPECT_EQ(Deliveries()[0].state, DeliveryState::kDelivered);
      ASSERT_FALSE(sender_.sent.empty());
      std::set<int> attempts;
      for (const FakeSender::Sent& one : sender_.sent) {
        EXPECT_EQ(one.id, Deliveries()[0].id.value());
        EXPECT_THAT(one.subjects, ElementsAre("tok-1"));
        EXPECT_TRUE(attempts.insert(one.attempt).second) << "an unmarked repeat";
      }
    }
  }
}

TEST_F(NotifyTest, EventsThatAreCloseGoTogether) {
  CoreOptions options;
  options.notify.most_events = 3;
  BuildNotifying(options);
  ChannelInput input = Webhook("tenant-0");
  input.group = absl::Minutes(2);
  Make(std::move(input));
  for (int i = 0; i < 4; ++i) Happens(absl::StrCat("tok-", i));
  world_->RunFor(absl::Seconds(30));
  EXPECT_THAT(sender_.sent, IsEmpty());
  world_->RunFor(absl::Minutes(3));
  ASSERT_THAT(sender_.sent, SizeIs(2));
  EXPECT_THAT(sender_.sent[0].subjects, ElementsAre("tok-0", "tok-1", "tok-2"));
  EXPECT_THAT(sender_.sent[1].subjects, ElementsAre("tok-3")) << "one delivery holds no more";
  Happens("tok-9");
  world_->RunFor(absl::Minutes(3));
  EXPECT_THAT(sender_.sent.at(2).subjects, ElementsAre("tok-9"));
}

TEST_F(NotifyTest, InQuietHoursEventsWaitForTheirEnd) {
  BuildNotifying();
  const absl::CivilSecond now = absl::ToCivilSecond(world_->Now(), absl::UTCTimeZone());
  ChannelInput input = Webhook("tenant-0");
  const int minute = now.hour() * 60 + now.minute();
  input.quiet = store::QuietHours{minute, (minute + 120) % (24 * 60), "UTC"};
  Make(std::move(input));
  Happens("tok-1");
  world_->RunFor(absl::Minutes(60));
  Happens("tok-2");
  world_->RunFor(absl::Minutes(50));
  EXPECT_THAT(sender_.sent, IsEmpty());
  world_->RunFor(absl::Minutes(15));
  ASSERT_THAT(sender_.sent, SizeIs(1));
  EXPECT_THAT(sender_.sent[0].subjects, ElementsAre("tok-1", "tok-2"));
}

// Remedy walked: E-INVENTORY-CHANNEL, E-INVENTORY-DELIVERY
TEST_F(NotifyTest, WhatIsNotThereIsFoundInTheLists) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Happens("tok-1");
  world_->RunFor(absl::Minutes(1));
  EXPECT_FAILS_WITH(TestOf("ops"), kInventoryChannel);
  const auto channels = *world_->Read()->notifications().ListChannels();
  ASSERT_THAT(channels, SizeIs(1));
  EXPECT_TRUE(TestOf(channels[0].id.value()).ok());
  EXPECT_FAILS_WITH(Replay("dlv-none"), kInventoryDelivery);
  EXPECT_TRUE(Replay(Deliveries().back().id.value()).ok());
}

TEST_F(NotifyTest, ARetryAfterIsObeyed) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  SendOutcome later = FakeSender::Answered(429);
  later.retry_after = absl::Minutes(40);
  sender_.answers = {later};
  Happens("tok-1");
  world_->RunFor(absl::Minutes(39));
  EXPECT_THAT(sender_.sent, SizeIs(1));
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(sender_.sent, SizeIs(2));
}

TEST_F(NotifyTest, AChannelThatIsRemovedTakesItsDeliveriesAlong) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  sender_.hanging = {"tenant-0/ops"};
  Happens("tok-1");
  Happens("tok-2");
  world_->RunFor(absl::Seconds(5));
  const auto unsent = Ask<int>([&](auto done) {
    operations().notifications.Call(&NotificationOperations::DeleteChannel, std::move(done),
                                    operator_, ChannelId("tenant-0/ops"));
  });
  ASSERT_TRUE(unsent.ok()) << unsent.status();
  EXPECT_EQ(*unsent, 2);
  sender_.held[0](FakeSender::Taken());
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(Deliveries(), IsEmpty());
  sender_.hanging.clear();
  Happens("tok-3");
  Make(Webhook("tenant-0"));
  Happens("tok-4");
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(sender_.sent.back().subjects, ElementsAre("tok-4")) << "what was before is not told";
  EXPECT_THAT(sender_.sent, SizeIs(2));
}

TEST_F(NotifyTest, ATenantHearsOfItselfAndTheProviderOfAll) {
  BuildNotifying();
  Make(Webhook("tenant-0"));
  Make(Webhook("tenant-1"));
  Make(Webhook("", "noc"));
  Happens("tok-0", "tenant-0");
  Happens("tok-1", "tenant-1");
  Happens("tok-2", "");
  world_->RunFor(absl::Minutes(5));
  const auto subjects = [&](const std::string& channel) {
    std::vector<std::string> all;
    for (const FakeSender::Sent& one : sender_.To(channel)) {
      all.insert(all.end(), one.subjects.begin(), one.subjects.end());
    }
    return all;
  };
  EXPECT_THAT(subjects("tenant-0/ops"), ElementsAre("tok-0"));
  EXPECT_THAT(subjects("tenant-1/ops"), ElementsAre("tok-1"));
  EXPECT_THAT(subjects("noc"), ElementsAre("tok-0", "tok-1", "tok-2"));
}

}  // namespace
}  // namespace muster::core
