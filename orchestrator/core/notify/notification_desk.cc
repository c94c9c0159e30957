#include "orchestrator/core/notify/notification_desk.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/notify/channel_rules.h"
#include "orchestrator/core/notify/happenings.h"

namespace muster::core {
namespace {

using store::Channel;
using store::DeliveryState;

absl::StatusOr<Channel> FindChannel(Turn& turn, const Actor& actor, const ChannelId& id) {
  ASSIGN_OR_RETURN(const auto channel, turn.store().notifications().FindChannel(actor.wall, id));
  if (channel.has_value()) return *channel;
  return FailureStatus(FailureCode::kInventoryChannel,
                       absl::StrCat("there is no channel '", id.value(), "'"));
}

std::string ChannelText(const Channel& channel) {
  std::vector<std::string> kinds;
  for (const store::NotificationKind kind : channel.events) kinds.emplace_back(ToString(kind));
  return absl::StrCat(ToString(channel.kind),
                      "; events: ", kinds.empty() ? "all" : absl::StrJoin(kinds, ", "),
                      channel.allow_private ? "; private addresses allowed" : "",
                      channel.plain_smtp ? "; without TLS" : "", channel.paused ? "; paused" : "");
}

}  // namespace

absl::StatusOr<Channel> NotificationDesk::SetChannel(Turn& turn, const Actor& actor,
                                                     ChannelInput input) {
  if (!input.tenant_id.empty()) {
    ASSIGN_OR_RETURN(const auto tenant, turn.store().tenants().Find(actor.wall, input.tenant_id));
    if (!tenant.has_value()) {
      return FailureStatus(FailureCode::kTenantUnknown,
                           absl::StrCat("there is no tenant '", input.tenant_id.value(), "'"));
    }
  } else if (!actor.wall.admits_everything()) {
    return FailureStatus(
        FailureCode::kAuthForbidden,
        "a channel of the provider is for operators who are bound to no tenant; name yours");
  }
  const ChannelId id = MakeChannelId(input.tenant_id, input.slug);
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const std::optional<Channel> before, store.FindChannel(actor.wall, id));
  if (!before.has_value()) {
    ASSIGN_OR_RETURN(const auto channels, store.ListChannels());
    const auto same = std::count_if(channels.begin(), channels.end(), [&](const Channel& other) {
      return other.tenant_id == input.tenant_id;
    });
    if (same >= options_.most_channels) {
      return FailureStatus(FailureCode::kRequestInvalid,
                           absl::StrCat("there are ", same, " channels already"));
    }
  }
  ASSIGN_OR_RETURN(Channel channel,
                   MakeChannel(actor, before, std::move(input), vault_, turn.now()));
  RETURN_IF_ERROR(store.PutChannel(channel));
  RETURN_IF_ERROR(Audit(turn, actor.name, before.has_value() ? "channel.update" : "channel.create",
                        id.value(), channel.tenant_id, ChannelText(channel)));
  RETURN_IF_ERROR(outbox_.ChannelsChanged(turn));
  if (before.has_value() && before->paused && !channel.paused) {
    RETURN_IF_ERROR(Resume(turn, actor, id));
  }
  // Its address, or what held it up, may be another now.
  postman_.PumpAt(turn.now());
  return channel;
}

// The time in which nothing was tried does not count against what waited.
absl::Status NotificationDesk::Resume(Turn& turn, const Actor& actor, const ChannelId& id) {
  store::NotificationStore& store = turn.store().notifications();
  store::DeliveryQuery query;
  query.wall = actor.wall;
  query.channel_id = id;
  query.states = {DeliveryState::kWaiting};
  query.limit = 0;
  ASSIGN_OR_RETURN(std::vector<store::Delivery> waiting, store.ListDeliveries(query));
  for (store::Delivery& delivery : waiting) {
    delivery.since = std::max(delivery.since, turn.now());
    RETURN_IF_ERROR(store.UpdateDelivery(delivery, delivery.state));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> NotificationDesk::DeleteChannel(Turn& turn, const Actor& actor,
                                                    const ChannelId& id) {
  ASSIGN_OR_RETURN(const Channel channel, FindChannel(turn, actor, id));
  store::NotificationStore& store = turn.store().notifications();
  store::DeliveryQuery query;
  query.wall = actor.wall;
  query.channel_id = id;
  query.states = {DeliveryState::kWaiting, DeliveryState::kSending};
  query.limit = 0;
  ASSIGN_OR_RETURN(const std::vector<store::Delivery> unsent, store.ListDeliveries(query));
  ASSIGN_OR_RETURN(const auto conditions,
                   store.ListConditions(store::NotificationKind::kCoverageLow));
  for (const store::Condition& condition : conditions) {
    if (absl::StartsWith(condition.subject, absl::StrCat(id.value(), " "))) {
      RETURN_IF_ERROR(store.DeleteCondition(condition));
    }
  }
  RETURN_IF_ERROR(store.DeleteChannel(id));
  RETURN_IF_ERROR(Audit(turn, actor.name, "channel.delete", id.value(), channel.tenant_id,
                        absl::StrCat("with ", unsent.size(), " deliveries that were not sent")));
  RETURN_IF_ERROR(outbox_.ChannelsChanged(turn));
  return static_cast<int>(unsent.size());
}

absl::Status NotificationDesk::Test(Turn& turn, Answer<store::Delivery> done, const Actor& actor,
                                    const ChannelId& id) {
  ASSIGN_OR_RETURN(const Channel channel, FindChannel(turn, actor, id));
  ASSIGN_OR_RETURN(const store::Delivery delivery, outbox_.TellTest(turn, channel));
  RETURN_IF_ERROR(
      Audit(turn, actor.name, "channel.test", id.value(), channel.tenant_id, delivery.id.value()));
  return postman_.SendNow(turn, delivery, std::move(done));
}

absl::StatusOr<OpenTold> NotificationDesk::TellOpen(Turn& turn, const Actor& actor,
                                                    const ChannelId& id) {
  ASSIGN_OR_RETURN(const Channel channel, FindChannel(turn, actor, id));
  ASSIGN_OR_RETURN(std::vector<store::NotificationEvent> events, conditions_.NowOf(turn, channel));
  OpenTold told;
  store::NotificationEvent opened;
  opened.kind = store::NotificationKind::kFindingOpened;
  opened.tenant_id = channel.tenant_id;
  if (Hears(channel, opened)) {
    // What the channel hears of. One of the provider is seen by those alone who see all.
    const store::TenantWall wall =
        channel.tenant_id.empty() ? actor.wall : store::TenantWall::Of({channel.tenant_id});
    ASSIGN_OR_RETURN(OpenFindings open, OpenFindingsOf(turn, wall, options_.most_open));
    std::move(open.events.begin(), open.events.end(), std::back_inserter(events));
    told.left_out = open.left_out;
  }
  told.told = static_cast<int>(events.size());
  RETURN_IF_ERROR(outbox_.TellTogether(turn, channel, events));
  RETURN_IF_ERROR(Audit(turn, actor.name, "channel.tell_open", id.value(), channel.tenant_id,
                        absl::StrCat(told.told, " told, ", told.left_out, " left out")));
  return told;
}

absl::StatusOr<store::Delivery> NotificationDesk::Replay(Turn& turn, const Actor& actor,
                                                         const DeliveryId& id) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(std::optional<store::Delivery> delivery, store.FindDelivery(actor.wall, id));
  if (!delivery.has_value()) {
    return FailureStatus(FailureCode::kInventoryDelivery, absl::StrCat("no delivery ", id.value()));
  }
  const DeliveryState from = delivery->state;
  if (!store::MayMove(from, DeliveryState::kWaiting) || from == DeliveryState::kSending) {
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat("delivery ", id.value(), " is ", ToString(from), ": it is sent by itself"));
  }
  delivery->state = DeliveryState::kWaiting;
  delivery->due = delivery->since = turn.now();
  delivery->finish_time.reset();
  RETURN_IF_ERROR(store.UpdateDelivery(*delivery, from));
  RETURN_IF_ERROR(Audit(turn, actor.name, "notification.replay", id.value(), delivery->tenant_id,
                        delivery->channel_id.value()));
  postman_.PumpAt(turn.now());
  return *std::move(delivery);
}

}  // namespace muster::core
