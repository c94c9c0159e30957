#include "orchestrator/core/notify/postman.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::DeliveryAttempt;
using store::DeliveryState;

// Of an attempt that may have arrived, for all that is known.
SendOutcome UnknownOutcome(std::string why) {
  SendOutcome unknown;
  unknown.failure = Failure{FailureCode::kNotifyUnreachable, std::move(why)};
  return unknown;
}

}  // namespace

absl::Status Postman::Recover(Turn& turn) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const std::vector<store::Delivery> sending, store.ListSending());
  for (const store::Delivery& delivery : sending) {
    RETURN_IF_ERROR(Settle(turn, delivery,
                           UnknownOutcome("the orchestrator ended before an answer was there; it "
                                          "may have arrived")));
  }
  return Pump(turn);
}

bool Postman::HasPlace(const ChannelId& channel, const TenantId& tenant) const {
  if (under_way_.contains(channel)) return false;
  if (under_way_.size() >= static_cast<size_t>(options_.all_attempts)) return false;
  const auto of_tenant =
      std::count_if(under_way_.begin(), under_way_.end(),
                    [&](const auto& entry) { return entry.second.tenant_id == tenant; });
  return of_tenant < options_.tenant_attempts;
}

absl::StatusOr<std::vector<store::Delivery>> Postman::Candidates(Turn& turn) const {
  const store::NotificationStore& store = turn.store().notifications();
  std::vector<store::Delivery> candidates;
  for (const auto& [id, insisted] : insisted_) {
    if (under_way_.contains(insisted.channel_id)) continue;
    ASSIGN_OR_RETURN(auto delivery, store.FindDelivery(id));
    if (delivery.has_value() && delivery->state == DeliveryState::kWaiting) {
      candidates.push_back(*std::move(delivery));
    }
  }
  ASSIGN_OR_RETURN(std::vector<store::Delivery> next, store.ListNext());
  // Who waits longest comes first.
  std::sort(next.begin(), next.end(),
            [](const store::Delivery& a, const store::Delivery& b) { return a.due < b.due; });
  candidates.insert(candidates.end(), std::make_move_iterator(next.begin()),
                    std::make_move_iterator(next.end()));
  return candidates;
}

absl::Status Postman::Pump(Turn& turn) {
  if (sender_ == nullptr) return absl::OkStatus();
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(std::vector<store::Delivery> next, Candidates(turn));
  absl::Time wake = absl::InfiniteFuture();
  std::vector<ChannelId> begun;
  const auto begin = [&](store::Delivery& delivery) -> absl::Status {
    ASSIGN_OR_RETURN(const auto channel, store.FindChannel(delivery.channel_id));
    if (!channel.has_value()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const absl::Time when, MayBegin(turn, *channel, delivery));
    if (when > turn.now()) {
      wake = std::min(wake, when);
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Begin(turn, *channel, std::move(delivery)));
    begun.push_back(channel->id);
    return absl::OkStatus();
  };
  for (store::Delivery& delivery : next) {
    if (!HasPlace(delivery.channel_id, delivery.tenant_id)) continue;  // Its end pumps again.
    const absl::Status status = begin(delivery);
    if (status.ok()) continue;
    // The operation is undone, and with it what it began.
    for (const ChannelId& channel : begun) under_way_.erase(channel);
    return status;
  }
  PumpAt(wake);
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> Postman::MayBegin(Turn& turn, const store::Channel& channel,
                                             const store::Delivery& delivery) {
  if (insisted_.contains(delivery.id)) return delivery.due;
  if (!channel.paused) {
    return std::max(delivery.due, channel.health.not_before.value_or(absl::InfinitePast()));
  }
  const absl::Time end = delivery.since + options_.give_up_after;
  if (end > turn.now()) return end;
  SendOutcome held;
  held.is_final = true;
  held.failure = Failure{FailureCode::kNotifyPaused, "the channel is paused"};
  RETURN_IF_ERROR(Settle(turn, delivery, held));
  PumpAt(turn.now());  // Others of the channel may have waited as long.
  return absl::InfiniteFuture();
}

void Postman::PumpAt(absl::Time when) {
  if (sender_ == nullptr || when >= pump_at_) return;
  pump_at_ = when;
  agenda_.At(when, [this, when](Turn& later) {
    if (pump_at_ == when) pump_at_ = absl::InfiniteFuture();
    return Pump(later);
  });
}

absl::Status Postman::SendNow(Turn& turn, const store::Delivery& delivery,
                              Answer<store::Delivery> done) {
  if (sender_ == nullptr) {
    auto answer = std::make_shared<Answer<store::Delivery>>(std::move(done));
    turn.AfterCommit([answer, delivery] { (*answer)(delivery); });
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto channel,
                   turn.store().notifications().FindChannel(delivery.channel_id));
  // Its channel's own attempt may be under way: then it is the next.
  const bool begins = channel.has_value() && !under_way_.contains(delivery.channel_id);
  if (begins) RETURN_IF_ERROR(Begin(turn, *channel, delivery));
  insisted_[delivery.id] = {delivery.channel_id, std::move(done)};
  return absl::OkStatus();
}

absl::Status Postman::Begin(Turn& turn, const store::Channel& channel, store::Delivery delivery) {
  store::NotificationStore& store = turn.store().notifications();
  const DeliveryState from = delivery.state;
  delivery.state = DeliveryState::kSending;
  ++delivery.attempts;
  RETURN_IF_ERROR(store.UpdateDelivery(delivery, from));
  DeliveryAttempt attempt;
  attempt.attempt = delivery.attempts;
  attempt.start_time = turn.now();
  RETURN_IF_ERROR(store.PutAttempt(delivery.id, attempt));
  ASSIGN_OR_RETURN(std::vector<store::NotificationEvent> events, store.ListEvents(delivery.id));
  auto message =
      std::make_shared<NotificationMessage>(NotificationMessage{.channel = channel,
                                                                .delivery_id = delivery.id,
                                                                .attempt = delivery.attempts,
                                                                .time = turn.now(),
                                                                .events = std::move(events)});
  // Intent first (invariant 1): the number is on the disk before a byte leaves.
  turn.AfterCommit([this, message] {
    const ChannelId channel_id = message->channel.id;
    const DeliveryId id = message->delivery_id;
    const int number = message->attempt;
    sender_->Send(std::move(*message), [this, channel_id, id, number](SendOutcome outcome) {
      control_.PostFirm([this, channel_id, id, number, outcome = std::move(outcome)](Turn& later) {
        return End(later, channel_id, id, number, outcome);
      });
    });
  });
  WatchAttempt(turn.now(), channel.id, delivery.id, delivery.attempts);
  under_way_[channel.id] = {channel.tenant_id, delivery.id, delivery.attempts};
  return absl::OkStatus();
}

void Postman::WatchAttempt(absl::Time now, const ChannelId& channel, const DeliveryId& id,
                           int attempt) {
  agenda_.At(now + options_.attempt_patience, [this, channel, id, attempt](Turn& later) {
    const absl::Status status = EndUntold(later, channel, id, attempt);
    if (!status.ok()) WatchAttempt(later.now(), channel, id, attempt);
    return status;
  });
}

absl::Status Postman::EndUntold(Turn& turn, const ChannelId& channel, const DeliveryId& id,
                                int attempt) {
  ASSIGN_OR_RETURN(const auto delivery, turn.store().notifications().FindDelivery(id));
  const bool open = delivery.has_value() && delivery->state == DeliveryState::kSending &&
                    delivery->attempts == attempt;
  const auto it = under_way_.find(channel);
  const bool held =
      it != under_way_.end() && it->second.delivery_id == id && it->second.attempt == attempt;
  if (!open && !held) return absl::OkStatus();  // It has ended long ago.
  log::Warning("an attempt at a notification told no end",
               {{"delivery", id}, {"channel", channel}, {"attempt", attempt}});
  return End(turn, channel, id, attempt,
             UnknownOutcome(absl::StrCat("no end of the attempt was told within ",
                                         absl::FormatDuration(options_.attempt_patience),
                                         "; it may have arrived")));
}

absl::Status Postman::End(Turn& turn, const ChannelId& channel_id, const DeliveryId& id,
                          int attempt, const SendOutcome& outcome) {
  if (const auto it = under_way_.find(channel_id);
      it != under_way_.end() && it->second.delivery_id == id && it->second.attempt == attempt) {
    under_way_.erase(it);
  }
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const auto delivery, store.FindDelivery(id));
  ASSIGN_OR_RETURN(const auto channel, store.FindChannel(channel_id));
  // Its channel was removed meanwhile.
  if (!delivery.has_value() || !channel.has_value()) {
    if (const auto it = insisted_.find(id); it != insisted_.end()) {
      it->second.done(FailureStatus(FailureCode::kInventoryChannel,
                                    absl::StrCat("channel ", channel_id.value(), " was removed")));
      insisted_.erase(it);
    }
    return Pump(turn);
  }
  if (delivery->state != DeliveryState::kSending || delivery->attempts != attempt) {
    return Pump(turn);
  }
  RETURN_IF_ERROR(store.SetHealth(channel_id, HealthAfter(channel->health, outcome, turn.now())));
  RETURN_IF_ERROR(Settle(turn, *delivery, outcome));
  return Pump(turn);
}

store::ChannelHealth Postman::HealthAfter(store::ChannelHealth health, const SendOutcome& outcome,
                                          absl::Time now) {
  health.failure = outcome.failure;
  health.not_before.reset();
  if (!outcome.failure.has_value()) {
    health.failures = 0;
    health.delivered = now;
    return health;
  }
  ++health.failures;
  health.failed = now;
  if (health.failures >= options_.failures_until_left_alone) {
    health.not_before =
        now + BackoffDelay(options_.left_alone,
                           health.failures - options_.failures_until_left_alone, random_);
  }
  if (outcome.retry_after.has_value()) {
    health.not_before =
        std::max(health.not_before.value_or(now),
                 now + std::min(*outcome.retry_after, options_.longest_retry_after));
  }
  return health;
}

// What an attempt came to, which may be that nobody knows.
absl::Status Postman::Settle(Turn& turn, store::Delivery delivery, const SendOutcome& outcome) {
  store::NotificationStore& store = turn.store().notifications();
  ASSIGN_OR_RETURN(const std::vector<DeliveryAttempt> attempts, store.ListAttempts(delivery.id));
  for (DeliveryAttempt attempt : attempts) {
    if (attempt.finish_time.has_value()) continue;
    attempt.finish_time = turn.now();
    attempt.status = outcome.status;
    attempt.failure = outcome.failure;
    RETURN_IF_ERROR(store.PutAttempt(delivery.id, attempt));
  }
  const DeliveryState from = delivery.state;
  delivery.failure = outcome.failure;
  const bool given_up =
      outcome.is_final || delivery.is_test || turn.now() >= delivery.since + options_.give_up_after;
  if (!outcome.failure.has_value() || given_up) {
    delivery.state =
        outcome.failure.has_value() ? DeliveryState::kFailed : DeliveryState::kDelivered;
    delivery.finish_time = turn.now();
  } else {
    delivery.state = DeliveryState::kWaiting;
    delivery.due = turn.now() + BackoffDelay(options_.backoff, delivery.attempts - 1, random_);
  }
  RETURN_IF_ERROR(store.UpdateDelivery(delivery, from));
  if (delivery.state == DeliveryState::kFailed) {
    const std::string why =
        absl::StrCat(delivery.channel_id.value(), ", ", delivery.events,
                     " events: ", TextOf(outcome.failure->code), " ", outcome.failure->detail);
    RETURN_IF_ERROR(Audit(turn, kSystemActor, "notification.failed", delivery.id.value(),
                          delivery.tenant_id, why));
    log::Warning("a notification was given up",
                 {{"delivery", delivery.id}, {"channel", delivery.channel_id}, {"why", why}});
  }
  AnswerWaiting(turn, delivery);
  return absl::OkStatus();
}

void Postman::AnswerWaiting(Turn& turn, const store::Delivery& delivery) {
  const auto it = insisted_.find(delivery.id);
  if (it == insisted_.end()) return;
  auto answer = std::make_shared<Answer<store::Delivery>>(std::move(it->second.done));
  insisted_.erase(it);
  turn.AfterCommit([answer, delivery] { (*answer)(delivery); });
}

}  // namespace muster::core
