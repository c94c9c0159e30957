// Channels, deliveries, and what was told.
#include "base/failure_code.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Channel MakeTestChannel(absl::string_view id, const TenantId& tenant = kAcme) {
  Channel channel;
  channel.id = ChannelId(id);
  channel.tenant_id = tenant;
  channel.address = "https://hooks.example/";
  channel.secret = {std::string("\0sealed\xff", 8)};
  channel.create_time = At(1);
  return channel;
}
Delivery MakeTestDelivery(absl::string_view id, const Channel& channel, int due = 10) {
  Delivery delivery;
  delivery.id = DeliveryId(id);
  delivery.channel_id = channel.id;
  delivery.tenant_id = channel.tenant_id;
  delivery.create_time = At(5);
  delivery.due = delivery.since = At(due);
  return delivery;
}
std::vector<std::string> DeliveryIds(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> ids;
  for (const Delivery& delivery : deliveries) ids.push_back(delivery.id.value());
  return ids;
}

TEST_P(StoreContract, AChannelKeepsEveryFieldAndItsHealthApart) {
  Channel channel = MakeTestChannel("acme/mail");
  channel.kind = ChannelKind::kEmail;
  channel.address = "smtp://relay.example:25";
  channel.sender = "muster@msp.example";
  channel.recipients = {"a@acme.example", "b@acme.example"};
  channel.user = "muster";
  channel.fingerprint = "ab";
  channel.ca_pem = "pem";
  channel.plain_smtp = channel.allow_private = true;
  channel.events = {NotificationKind::kFindingOpened, NotificationKind::kRolloutPaused};
  channel.quiet = {22 * 60, 7 * 60, "Europe/Vienna"};
  channel.group = absl::Minutes(7);
  channel.coverage_target = 95;
  channel.paused = true;
  ChannelHealth health{3, At(9), At(7), At(8), Failure{FailureCode::kNotifyAnswer, "HTTP 500"}};
  Change([&](Transaction& t) {
    EXPECT_OK(t.notifications().PutChannel(channel));
    EXPECT_OK(t.notifications().SetHealth(channel.id, health));
    EXPECT_OK(t.notifications().PutChannel(channel));  // A change forgets no health.
    EXPECT_EQ(Code(t.notifications().PutChannel(MakeTestChannel("none/x", TenantId("none")))),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Code(t.notifications().DeleteChannel(ChannelId("acme/none"))),
              absl::StatusCode::kNotFound);
  });
  const Channel read = **Read()->notifications().FindChannel(channel.id);
  EXPECT_EQ(read.kind, channel.kind);
  EXPECT_EQ(read.address, channel.address);
  EXPECT_EQ(read.sender, channel.sender);
  EXPECT_EQ(read.recipients, channel.recipients);
  EXPECT_EQ(read.user, channel.user);
  EXPECT_EQ(read.secret, channel.secret);
  EXPECT_EQ(read.fingerprint, "ab");
  EXPECT_EQ(read.ca_pem, "pem");
  EXPECT_TRUE(read.plain_smtp && read.allow_private);
  EXPECT_EQ(read.events, channel.events);
  EXPECT_EQ(read.quiet, channel.quiet);
  EXPECT_EQ(read.group, absl::Minutes(7));
  EXPECT_EQ(read.coverage_target, 95);
  EXPECT_EQ(read.health.failures, 3);
  EXPECT_EQ(read.health.not_before, At(9));
  EXPECT_EQ(read.health.delivered, At(7));
  EXPECT_EQ(read.health.failed, At(8));
  EXPECT_EQ(read.health.failure->detail, "HTTP 500");
}

TEST_P(StoreContract, DeliveriesMoveAsTheirTableSays) {
  const Channel channel = MakeTestChannel("acme/ops");
  Delivery delivery = MakeTestDelivery("dlv-1", channel);
  NotificationEvent event;
  event.kind = NotificationKind::kTokenRefused;
  event.time = At(4);
  event.tenant_id = kAcme;
  event.subject = "tok-1";
  event.severity = Severity::kHigh;
  event.summary = "refused";
  event.next = "muster token list";
  Change([&](Transaction& t) {
    NotificationStore& s = t.notifications();
    EXPECT_OK(s.PutChannel(channel));
    EXPECT_OK(s.InsertDelivery(delivery));
    EXPECT_OK(s.AddEvent(delivery.id, 0, event));
    EXPECT_EQ((*s.FindOpenGroup(channel.id, At(9)))->id, delivery.id);
    EXPECT_FALSE(s.FindOpenGroup(channel.id, At(10))->has_value());
    delivery.state = DeliveryState::kDelivered;
    EXPECT_EQ(Code(s.UpdateDelivery(delivery, DeliveryState::kWaiting)),
              absl::StatusCode::kInternal);
    delivery.state = DeliveryState::kSending;
    delivery.attempts = 1;
    EXPECT_OK(s.UpdateDelivery(delivery, DeliveryState::kWaiting));
    EXPECT_EQ(Code(s.UpdateDelivery(delivery, DeliveryState::kWaiting)),
              absl::StatusCode::kAborted);
    EXPECT_OK(s.PutAttempt(delivery.id, {.attempt = 1, .start_time = At(10)}));
    EXPECT_OK(s.PutAttempt(
        delivery.id, {.attempt = 1, .start_time = At(10), .finish_time = At(11), .status = 204}));
  });
  EXPECT_THAT(DeliveryIds(*Read()->notifications().ListSending()), ElementsAre("dlv-1"));
  const auto events = *Read()->notifications().ListEvents(delivery.id);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].kind, event.kind);
  EXPECT_EQ(events[0].subject, "tok-1");
  EXPECT_EQ(events[0].severity, Severity::kHigh);
  EXPECT_EQ(events[0].summary.str(), "refused");
  EXPECT_EQ(events[0].next, event.next);
  const auto attempts = *Read()->notifications().ListAttempts(delivery.id);
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0].status, 204);
  EXPECT_EQ(attempts[0].finish_time, At(11));
  Change([&](Transaction& t) {
    delivery.state = DeliveryState::kDelivered;
    delivery.finish_time = At(11);
    EXPECT_OK(t.notifications().UpdateDelivery(delivery, DeliveryState::kSending));
    EXPECT_EQ(*t.notifications().Prune(At(11), 10), 0);
    EXPECT_EQ(*t.notifications().Prune(At(12), 10), 1);
    EXPECT_THAT(*t.notifications().ListEvents(delivery.id), IsEmpty());
  });
}

TEST_P(StoreContract, OfEachChannelTheDeliveryThatIsDueFirst) {
  const Channel a = MakeTestChannel("acme/a");
  const Channel b = MakeTestChannel("acme/b");
  Change([&](Transaction& t) {
    NotificationStore& s = t.notifications();
    EXPECT_OK(s.PutChannel(a));
    EXPECT_OK(s.PutChannel(b));
    EXPECT_OK(s.InsertDelivery(MakeTestDelivery("dlv-1", a, 30)));
    EXPECT_OK(s.InsertDelivery(MakeTestDelivery("dlv-2", a, 20)));
    EXPECT_OK(s.InsertDelivery(MakeTestDelivery("dlv-3", b, 25)));
    EXPECT_THAT(DeliveryIds(*s.ListNext()), testing::UnorderedElementsAre("dlv-2", "dlv-3"));
    EXPECT_OK(s.DeleteChannel(a.id));
    EXPECT_THAT(DeliveryIds(*s.ListNext()), ElementsAre("dlv-3"));
  });
}

TEST_P(StoreContract, NotificationsStayBehindTheWall) {
  const TenantId bravo("bravo");
  Change([&](Transaction& t) {
    EXPECT_OK(t.tenants().Put({bravo, "", At(0)}));
    for (const Channel& channel : {MakeTestChannel("acme/ops"), MakeTestChannel("bravo/ops", bravo),
                                   MakeTestChannel("noc", TenantId())}) {
      EXPECT_OK(t.notifications().PutChannel(channel));
      EXPECT_OK(t.notifications().InsertDelivery(
          MakeTestDelivery(absl::StrCat("dlv-", channel.id.value()), channel)));
    }
  });
  const auto seen = [&](const TenantWall& wall) {
    const auto snapshot = Read();
    DeliveryQuery query;
    query.wall = wall;
    return absl::StrCat(snapshot->notifications().ListChannels(wall)->size(), " ",
                        snapshot->notifications().ListDeliveries(query)->size());
  };
  EXPECT_EQ(seen(TenantWall()), "0 0");
  EXPECT_EQ(seen(TenantWall::Of({kAcme})), "1 1");
  EXPECT_EQ(seen(TenantWall::Everything()), "3 3");
  const auto snapshot = Read();
  const NotificationStore& store = snapshot->notifications();
  EXPECT_FALSE(store.FindChannel(TenantWall::Of({kAcme}), ChannelId("bravo/ops"))->has_value());
  EXPECT_FALSE(store.FindChannel(TenantWall::Of({kAcme}), ChannelId("noc"))->has_value());
  EXPECT_FALSE(
      store.FindDelivery(TenantWall::Of({kAcme}), DeliveryId("dlv-bravo/ops"))->has_value());
  EXPECT_TRUE(store.FindDelivery(TenantWall::Of({kAcme}), DeliveryId("dlv-acme/ops"))->has_value());
}

TEST_P(StoreContract, WhatWasToldIsRemembered) {
  Change([&](Transaction& t) {
    NotificationStore& s = t.notifications();
    EXPECT_EQ(*s.Notified(), 0);
    EXPECT_OK(s.SetNotified(7));
    const Condition old{NotificationKind::kBackupOld, "backup", TenantId(), At(1)};
    EXPECT_OK(s.PutCondition(old));
    EXPECT_THAT(*s.ListConditions(NotificationKind::kBackupOld), SizeIs(1));
    EXPECT_THAT(*s.ListConditions(NotificationKind::kCoverageLow), IsEmpty());
    EXPECT_OK(s.DeleteCondition(old));
    EXPECT_THAT(*s.ListConditions(NotificationKind::kBackupOld), IsEmpty());
  });
  EXPECT_EQ(*Read()->notifications().Notified(), 7);
}

TEST_P(StoreContract, WhatAChannelWasToldOfGoesWithIt) {
  Change([&](Transaction& t) {
    NotificationStore& s = t.notifications();
    const Channel gone = MakeTestChannel("acme/ops");
    EXPECT_OK(s.PutChannel(gone));
    for (const char* subject : {"acme/ops acme/prod", "acme/ops-2 acme/prod", "acme/o acme/prod"}) {
      EXPECT_OK(s.PutCondition({NotificationKind::kCoverageLow, subject, TenantId("acme"), At(1)}));
    }
    EXPECT_OK(s.DeleteChannel(gone.id));
    std::vector<std::string> left;
    const std::vector<Condition> known = *s.ListConditions(NotificationKind::kCoverageLow);
    for (const Condition& condition : known) {
      left.push_back(condition.subject);
    }
    EXPECT_THAT(left, testing::UnorderedElementsAre("acme/ops-2 acme/prod", "acme/o acme/prod"));
  });
}

TEST_P(StoreContract, TheAuditLogIsReadOnFromASequence) {
  Change([&](Transaction& t) {
    for (const char* action : {"a", "b", "a", "c", "a"}) {
      EXPECT_OK(t.audit().Append({.time = At(1), .actor = "system", .action = action}));
    }
    const auto sequences = [&](int64_t behind, int window, std::vector<std::string> actions) {
      std::vector<int64_t> found;
      const std::vector<AuditEvent> events = *t.audit().ListBehind(behind, window, actions);
      for (const AuditEvent& event : events) found.push_back(event.sequence);
      return found;
    };
    EXPECT_THAT(sequences(0, 100, {"a"}), ElementsAre(1, 3, 5));
    EXPECT_THAT(sequences(1, 100, {"a", "c"}), ElementsAre(3, 4, 5));
    EXPECT_THAT(sequences(1, 2, {"a"}), ElementsAre(3));
  });
}

}  // namespace
}  // namespace muster::store
