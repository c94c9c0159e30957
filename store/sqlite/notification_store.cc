#include "store/sqlite/notification_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kChannelColumns[] =
    "id, tenant_id, kind, address, sender, recipients, user, secret, fingerprint, ca_pem, "
    "plain_smtp, allow_private, events, quiet_from, quiet_to, time_zone, group_us, "
    "coverage_target, paused, create_time_us, failures, not_before_us, delivered_us, failed_us, "
    "failure_code, failure_detail FROM channels";
constexpr char kDeliveryColumns[] =
    "id, channel_id, tenant_id, state, is_test, events, attempts, create_time_us, due_us, "
    "since_us, finish_time_us, failure_code, failure_detail FROM deliveries";

absl::StatusOr<Channel> ReadChannel(const sql::Row& row) {
  Channel channel;
  ChannelHealth& health = channel.health;
  std::vector<std::string> events;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(channel.id, channel.tenant_id, channel.kind, channel.address,
                            channel.sender, channel.recipients, channel.user, channel.secret,
                            channel.fingerprint, channel.ca_pem, channel.plain_smtp,
                            channel.allow_private, events, channel.quiet.from, channel.quiet.to,
                            channel.quiet.time_zone, channel.group, channel.coverage_target,
                            channel.paused, channel.create_time, health.failures, health.not_before,
                            health.delivered, health.failed, health.failure)
                      .status());
  for (const std::string& word : events) {
    // What a newer program wrote is not known here, and nothing of it happens.
    if (const auto kind = ParseNotificationKind(word)) channel.events.push_back(*kind);
  }
  return channel;
}

absl::StatusOr<Delivery> ReadDelivery(const sql::Row& row) {
  Delivery delivery;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(delivery.id, delivery.channel_id, delivery.tenant_id, delivery.state,
                            delivery.is_test, delivery.events, delivery.attempts,
                            delivery.create_time, delivery.due, delivery.since,
                            delivery.finish_time, delivery.failure)
                      .status());
  return delivery;
}

absl::StatusOr<NotificationEvent> ReadNotificationEvent(const sql::Row& row) {
  NotificationEvent event;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(event.kind, event.time, event.tenant_id, event.subject, event.severity,
                            event.summary, event.next)
                      .status());
  return event;
}

absl::StatusOr<DeliveryAttempt> ReadDeliveryAttempt(const sql::Row& row) {
  DeliveryAttempt attempt;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(attempt.attempt, attempt.start_time, attempt.finish_time,
                            attempt.status, attempt.failure)
                      .status());
  return attempt;
}

std::string DeliveryName(const DeliveryId& id) { return absl::StrCat("delivery ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Channel>> SqliteNotificationStore::FindChannel(
    const TenantWall& wall, const ChannelId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kChannelColumns, "").One(ReadChannel);
}

absl::StatusOr<std::vector<Channel>> SqliteNotificationStore::ListChannels(
    const TenantWall& wall) const {
  Where where;
  where.AndWithin("tenant_id", wall);
  return where.Build(db_, kChannelColumns, "ORDER BY id").All(ReadChannel);
}

absl::StatusOr<std::optional<Channel>> SqliteNotificationStore::FindChannel(
    const ChannelId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kChannelColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadChannel);
}

absl::StatusOr<std::vector<Channel>> SqliteNotificationStore::ListChannels() const {
  return db_.Cached(absl::StrCat("SELECT ", kChannelColumns, " ORDER BY id")).All(ReadChannel);
}

absl::Status SqliteNotificationStore::PutChannel(const Channel& channel) {
  return Explain(
      db_.Cached(
             "INSERT INTO channels (id, tenant_id, kind, address, sender, recipients, user, "
             "secret, fingerprint, ca_pem, plain_smtp, allow_private, events, quiet_from, "
             "quiet_to, time_zone, group_us, coverage_target, paused, create_time_us, failures) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) "
             "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "
             "address = excluded.address, sender = excluded.sender, "
             "recipients = excluded.recipients, user = excluded.user, "
             "secret = excluded.secret, fingerprint = excluded.fingerprint, "
             "ca_pem = excluded.ca_pem, plain_smtp = excluded.plain_smtp, "
             "allow_private = excluded.allow_private, events = excluded.events, "
             "quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, "
             "time_zone = excluded.time_zone, group_us = excluded.group_us, "
             "coverage_target = excluded.coverage_target, paused = excluded.paused")
          .RunWith(channel.id, OrNull(channel.tenant_id), ToString(channel.kind), channel.address,
                   channel.sender, EncodeList(channel.recipients), channel.user,
                   sql::Blob{channel.secret.bytes}, channel.fingerprint, channel.ca_pem,
                   channel.plain_smtp, channel.allow_private, EncodeList(Texts(channel.events)),
                   channel.quiet.from, channel.quiet.to, channel.quiet.time_zone, channel.group,
                   channel.coverage_target, channel.paused, channel.create_time),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("tenant ", channel.tenant_id.value(), " does not exist"));
}

absl::Status SqliteNotificationStore::SetHealth(const ChannelId& id, const ChannelHealth& health) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE channels SET failures = ?, not_before_us = ?, delivered_us = ?, "
                 "failed_us = ?, failure_code = ?, failure_detail = ? WHERE id = ?")
          .RunWith(health.failures, health.not_before, health.delivered, health.failed,
                   CodeOf(health.failure), DetailOf(health.failure), id));
  return CheckChanged(db_, absl::StrCat("channel ", id.value()));
}

absl::Status SqliteNotificationStore::DeleteChannel(const ChannelId& id) {
  // What it was told of begins anew when a channel of its name is made again: "acme/ops acme/prod".
  RETURN_IF_ERROR(db_.Cached("DELETE FROM conditions WHERE kind = ?1 AND "
                             "substr(subject, 1, length(?2) + 1) = ?2 || ' '")
                      .RunWith(ToString(NotificationKind::kCoverageLow), id));
  RETURN_IF_ERROR(db_.Cached("DELETE FROM channels WHERE id = ?").RunWith(id));
  return CheckChanged(db_, absl::StrCat("channel ", id.value()));
}

absl::StatusOr<std::optional<Delivery>> SqliteNotificationStore::FindDelivery(
    const TenantWall& wall, const DeliveryId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kDeliveryColumns, "").One(ReadDelivery);
}

absl::StatusOr<std::optional<Delivery>> SqliteNotificationStore::FindDelivery(
    const DeliveryId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kDeliveryColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadDelivery);
}

absl::StatusOr<std::vector<Delivery>> SqliteNotificationStore::ListDeliveries(
    const DeliveryQuery& query) const {
  Where where;
  where.AndWithin("tenant_id", query.wall).AndIn("state", Texts(query.states));
  if (!query.channel_id.empty()) where.And("channel_id = ?", {query.channel_id.value()});
  if (!query.before.empty()) where.And("id < ?", {query.before.value()});
  return where
      .Build(db_, kDeliveryColumns, absl::StrCat("ORDER BY id DESC ", LimitClause(query.limit)))
      .All(ReadDelivery);
}

absl::StatusOr<std::optional<Delivery>> SqliteNotificationStore::FindOpenGroup(
    const ChannelId& channel, absl::Time now) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kDeliveryColumns,
                           " WHERE channel_id = ? AND state = 'waiting' AND due_us > ? AND "
                           "attempts = 0 AND is_test = 0 ORDER BY id DESC LIMIT 1"))
      .BindAll(channel, now)
      .One(ReadDelivery);
}

// A bare column beside min() is that of the row that has it.
absl::StatusOr<std::vector<Delivery>> SqliteNotificationStore::ListNext() const {
  return db_
      .Cached(
          "SELECT id, channel_id, tenant_id, state, is_test, events, attempts, "
          "create_time_us, min(due_us), since_us, finish_time_us, failure_code, "
          "failure_detail FROM deliveries WHERE state = 'waiting' GROUP BY channel_id")
      .All(ReadDelivery);
}

absl::StatusOr<std::vector<Delivery>> SqliteNotificationStore::ListSending() const {
  return db_
      .Cached(absl::StrCat("SELECT ", kDeliveryColumns, " WHERE state = 'sending' ORDER BY id"))
      .All(ReadDelivery);
}

absl::Status SqliteNotificationStore::InsertDelivery(const Delivery& delivery) {
  return Explain(
      db_.Cached("INSERT INTO deliveries (id, channel_id, tenant_id, state, is_test, events, "
                 "attempts, create_time_us, due_us, since_us, finish_time_us, failure_code, "
                 "failure_detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(delivery.id, delivery.channel_id, OrNull(delivery.tenant_id),
                   ToString(delivery.state), delivery.is_test, delivery.events, delivery.attempts,
                   delivery.create_time, delivery.due, delivery.since, delivery.finish_time,
                   CodeOf(delivery.failure), DetailOf(delivery.failure)),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("channel ", delivery.channel_id.value(), " does not exist"));
}

absl::Status SqliteNotificationStore::UpdateDelivery(const Delivery& delivery, DeliveryState from) {
  if (delivery.state != from) {
    RETURN_IF_ERROR(CheckMove(DeliveryName(delivery.id), from, delivery.state));
  }
  RETURN_IF_ERROR(
      db_.Cached("UPDATE deliveries SET state = ?, events = ?, attempts = ?, due_us = ?, "
                 "since_us = ?, finish_time_us = ?, failure_code = ?, failure_detail = ? "
                 "WHERE id = ? AND state = ?")
          .RunWith(ToString(delivery.state), delivery.events, delivery.attempts, delivery.due,
                   delivery.since, delivery.finish_time, CodeOf(delivery.failure),
                   DetailOf(delivery.failure), delivery.id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT state FROM deliveries WHERE id = ?")
                                           .BindAll(delivery.id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(DeliveryName(delivery.id), current, ToString(from));
}

absl::StatusOr<int> SqliteNotificationStore::Prune(absl::Time finished_before, int limit) {
  RETURN_IF_ERROR(db_.Cached("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE "
                             "finish_time_us < ? AND state IN ('delivered', 'failed') LIMIT ?)")
                      .RunWith(finished_before, limit));
  return static_cast<int>(db_.changes());
}

absl::StatusOr<std::vector<NotificationEvent>> SqliteNotificationStore::ListEvents(
    const DeliveryId& id) const {
  return db_
      .Cached(
          "SELECT kind, time_us, tenant_id, subject, severity, summary, next "
          "FROM delivery_events WHERE delivery_id = ? ORDER BY position")
      .BindAll(id)
      .All(ReadNotificationEvent);
}

absl::Status SqliteNotificationStore::AddEvent(const DeliveryId& id, int position,
                                               const NotificationEvent& event) {
  return db_
      .Cached(
          "INSERT INTO delivery_events (delivery_id, position, kind, time_us, tenant_id, "
          "subject, severity, summary, next) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .RunWith(id, position, ToString(event.kind), event.time, event.tenant_id, event.subject,
               ToString(event.severity), event.summary.str(), event.next);
}

absl::StatusOr<std::vector<DeliveryAttempt>> SqliteNotificationStore::ListAttempts(
    const DeliveryId& id) const {
  return db_
      .Cached(
          "SELECT attempt, start_time_us, finish_time_us, status, failure_code, "
          "failure_detail FROM delivery_attempts WHERE delivery_id = ? ORDER BY attempt")
      .BindAll(id)
      .All(ReadDeliveryAttempt);
}

absl::Status SqliteNotificationStore::PutAttempt(const DeliveryId& id,
                                                 const DeliveryAttempt& attempt) {
  return db_
      .Cached(
          "INSERT OR REPLACE INTO delivery_attempts (delivery_id, attempt, start_time_us, "
          "finish_time_us, status, failure_code, failure_detail) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .RunWith(id, attempt.attempt, attempt.start_time, attempt.finish_time, attempt.status,
               CodeOf(attempt.failure), DetailOf(attempt.failure));
}

absl::StatusOr<std::vector<Condition>> SqliteNotificationStore::ListConditions(
    NotificationKind kind) const {
  return db_
      .Cached(
          "SELECT kind, subject, tenant_id, since_us FROM conditions WHERE kind = ? "
          "ORDER BY subject")
      .BindAll(ToString(kind))
      .All([](const sql::Row& row) -> absl::StatusOr<Condition> {
        Condition condition;
        RETURN_IF_ERROR(
            ColumnReader(row)
                .Read(condition.kind, condition.subject, condition.tenant_id, condition.since)
                .status());
        return condition;
      });
}

absl::Status SqliteNotificationStore::PutCondition(const Condition& condition) {
  return db_
      .Cached(
          "INSERT OR REPLACE INTO conditions (kind, subject, tenant_id, since_us) "
          "VALUES (?, ?, ?, ?)")
      .RunWith(ToString(condition.kind), condition.subject, condition.tenant_id, condition.since);
}

absl::Status SqliteNotificationStore::DeleteCondition(const Condition& condition) {
  return db_.Cached("DELETE FROM conditions WHERE kind = ? AND subject = ?")
      .RunWith(ToString(condition.kind), condition.subject);
}

absl::StatusOr<int64_t> SqliteNotificationStore::Notified() const {
  ASSIGN_OR_RETURN(const std::optional<int64_t> sequence,
                   db_.Cached("SELECT sequence FROM notified").One([](const sql::Row& row) {
                     return row.Int64(0);
                   }));
  return sequence.value_or(0);
}

absl::Status SqliteNotificationStore::SetNotified(int64_t sequence) {
  return db_.Cached("UPDATE notified SET sequence = ?").RunWith(sequence);
}

}  // namespace muster::store
