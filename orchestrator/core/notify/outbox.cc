#include "orchestrator/core/notify/outbox.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "orchestrator/core/notify/channel_rules.h"
#include "orchestrator/core/notify/happenings.h"
#include "orchestrator/core/notify/quiet_hours.h"

namespace muster::core {
namespace {

constexpr int kEventsAtOnce = 5000;  // Of the audit log: some milliseconds.

}  // namespace

absl::Status Outbox::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(const auto channels, turn.store().notifications().ListChannels());
  ASSIGN_OR_RETURN(read_, turn.store().notifications().Notified());
  channels_ = channels.size();
  return Consider(turn);
}

absl::Status Outbox::Consider(Turn& turn) {
  if (channels_ == 0 || armed_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const store::AuditLink last, turn.store().audit().Last());
  if (last.sequence <= read_) return absl::OkStatus();
  armed_ = true;
  agenda_.At(turn.now() + options_.collect_after, [this](Turn& later) { return Collect(later); });
  return absl::OkStatus();
}

absl::Status Outbox::ChannelsChanged(Turn& turn) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const auto channels, store.ListChannels());
  if (channels_ == 0 && !channels.empty()) {
    ASSIGN_OR_RETURN(const store::AuditLink last, turn.store().audit().Last());
    RETURN_IF_ERROR(store.SetNotified(last.sequence));
    read_ = last.sequence;
  }
  channels_ = channels.size();
  return absl::OkStatus();
}

absl::Status Outbox::Collect(Turn& turn) {
  armed_ = false;
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const store::AuditLink last, turn.store().audit().Last());
  ASSIGN_OR_RETURN(const auto channels, store.ListChannels());
  ASSIGN_OR_RETURN(const auto events,
                   turn.store().audit().ListBehind(read_, kEventsAtOnce, ToldActions()));
  for (const store::AuditEvent& event : events) {
    ASSIGN_OR_RETURN(const auto told, HappeningOf(turn, event));
    if (!told.has_value()) continue;
    RETURN_IF_ERROR(TellChannels(turn, channels, *told));
  }
  const int64_t read = std::min(last.sequence, read_ + kEventsAtOnce);
  RETURN_IF_ERROR(store.SetNotified(read));
  read_ = read;
  channels_ = channels.size();
  return absl::OkStatus();  // More is seen at this turn's end.
}

absl::Status Outbox::Tell(Turn& turn, const store::NotificationEvent& event) {
  ASSIGN_OR_RETURN(const auto channels, turn.store().notifications().ListChannels());
  return TellChannels(turn, channels, event);
}

absl::Status Outbox::TellChannels(Turn& turn, const std::vector<store::Channel>& channels,
                                  const store::NotificationEvent& event) {
  for (const store::Channel& channel : channels) {
    if (Hears(channel, event)) RETURN_IF_ERROR(TellOne(turn, channel, event));
  }
  return absl::OkStatus();
}

absl::Status Outbox::TellOne(Turn& turn, const store::Channel& channel,
                             const store::NotificationEvent& event) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(
      std::optional<store::Delivery> group,
      store.FindOpenGroup(channel.id, channel.paused ? absl::InfinitePast() : turn.now()));
  if (group.has_value() && group->events < options_.most_events) {
    RETURN_IF_ERROR(store.AddEvent(group->id, group->events, event));
    ++group->events;
    return store.UpdateDelivery(*group, group->state);
  }
  store::Delivery delivery;
  delivery.id = ids_.Next<DeliveryId>(turn.now());
  delivery.channel_id = channel.id;
  delivery.tenant_id = channel.tenant_id;
  delivery.events = 1;
  delivery.create_time = turn.now();
  delivery.due = AfterQuiet(channel.quiet, turn.now() + channel.group);
  delivery.since = delivery.due;
  RETURN_IF_ERROR(store.InsertDelivery(delivery));
  RETURN_IF_ERROR(store.AddEvent(delivery.id, 0, event));
  on_made_(turn);
  return absl::OkStatus();
}

absl::Status Outbox::TellTogether(Turn& turn, const store::Channel& channel,
                                  const std::vector<store::NotificationEvent>& events) {
  store::NotificationStore& store = turn.store().notifications();
  const size_t most = static_cast<size_t>(options_.most_events);
  for (size_t first = 0; first < events.size(); first += most) {
    store::Delivery delivery;
    delivery.id = ids_.Next<DeliveryId>(turn.now());
    delivery.channel_id = channel.id;
    delivery.tenant_id = channel.tenant_id;
    delivery.events = static_cast<int>(std::min(most, events.size() - first));
    delivery.create_time = turn.now();
    delivery.due = delivery.since = AfterQuiet(channel.quiet, turn.now());
    RETURN_IF_ERROR(store.InsertDelivery(delivery));
    for (int i = 0; i < delivery.events; ++i) {
      RETURN_IF_ERROR(store.AddEvent(delivery.id, i, events[first + static_cast<size_t>(i)]));
    }
  }
  if (!events.empty()) on_made_(turn);
  return absl::OkStatus();
}

absl::StatusOr<store::Delivery> Outbox::TellTest(Turn& turn, const store::Channel& channel) {
  store::NotificationStore& store = turn.store().notifications();
  store::Delivery delivery;
  delivery.id = ids_.Next<DeliveryId>(turn.now());
  delivery.channel_id = channel.id;
  delivery.tenant_id = channel.tenant_id;
  delivery.is_test = true;
  delivery.events = 1;
  delivery.create_time = delivery.due = delivery.since = turn.now();
  RETURN_IF_ERROR(store.InsertDelivery(delivery));
  RETURN_IF_ERROR(store.AddEvent(
      delivery.id, 0,
      {.kind = store::NotificationKind::kTest,
       .time = turn.now(),
       .tenant_id = channel.tenant_id,
       .subject = channel.id.value(),
       .summary = absl::StrCat("a test of channel ", channel.id.value(), "; nothing happened"),
       .next = absl::StrCat("muster notify show ", delivery.id.value())}));
  return delivery;
}

}  // namespace muster::core
