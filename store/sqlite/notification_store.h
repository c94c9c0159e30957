// NotificationStore in SQLite.
#ifndef MUSTER_STORE_SQLITE_NOTIFICATION_STORE_H_
#define MUSTER_STORE_SQLITE_NOTIFICATION_STORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "base/sql/database.h"
#include "store/interface/notification_store.h"

namespace muster::store {

// Tables channels, deliveries, delivery_events, delivery_attempts, conditions, notified.
class SqliteNotificationStore final : public NotificationStore {
 public:
  explicit SqliteNotificationStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Channel>> FindChannel(const TenantWall& wall,
                                                     const ChannelId& id) const override;
  absl::StatusOr<std::vector<Channel>> ListChannels(const TenantWall& wall) const override;
  absl::StatusOr<std::optional<Channel>> FindChannel(const ChannelId& id) const override;
  absl::StatusOr<std::vector<Channel>> ListChannels() const override;
  absl::Status PutChannel(const Channel& channel) override;
  absl::Status SetHealth(const ChannelId& id, const ChannelHealth& health) override;
  absl::Status DeleteChannel(const ChannelId& id) override;
  absl::StatusOr<std::optional<Delivery>> FindDelivery(const TenantWall& wall,
                                                       const DeliveryId& id) const override;
  absl::StatusOr<std::optional<Delivery>> FindDelivery(const DeliveryId& id) const override;
  absl::StatusOr<std::vector<Delivery>> ListDeliveries(const DeliveryQuery& query) const override;
  absl::StatusOr<std::optional<Delivery>> FindOpenGroup(const ChannelId& channel,
                                                        absl::Time now) const override;
  absl::StatusOr<std::vector<Delivery>> ListNext() const override;
  absl::StatusOr<std::vector<Delivery>> ListSending() const override;
  absl::Status InsertDelivery(const Delivery& delivery) override;
  absl::Status UpdateDelivery(const Delivery& delivery, DeliveryState from) override;
  absl::StatusOr<int> Prune(absl::Time finished_before, int limit) override;
  absl::StatusOr<std::vector<NotificationEvent>> ListEvents(const DeliveryId& id) const override;
  absl::Status AddEvent(const DeliveryId& id, int position,
                        const NotificationEvent& event) override;
  absl::StatusOr<std::vector<DeliveryAttempt>> ListAttempts(const DeliveryId& id) const override;
  absl::Status PutAttempt(const DeliveryId& id, const DeliveryAttempt& attempt) override;
  absl::StatusOr<std::vector<Condition>> ListConditions(NotificationKind kind) const override;
  absl::Status PutCondition(const Condition& condition) override;
  absl::Status DeleteCondition(const Condition& condition) override;
  absl::StatusOr<int64_t> Notified() const override;
  absl::Status SetNotified(int64_t sequence) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_NOTIFICATION_STORE_H_
