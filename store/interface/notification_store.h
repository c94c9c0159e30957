// Channels, deliveries, and what was told already. See store.h for how it is reached, for errors and
// threads. Reads that take a wall, or whose query holds one, serve operators; the others are the
// system's own.
#ifndef MUSTER_STORE_INTERFACE_NOTIFICATION_STORE_H_
#define MUSTER_STORE_INTERFACE_NOTIFICATION_STORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/notification.h"

namespace muster::store {

class NotificationStore {
 public:
  virtual ~NotificationStore() = default;

  // ---- channels, by id ----
  virtual absl::StatusOr<std::optional<Channel>> FindChannel(const TenantWall& wall,
                                                             const ChannelId& id) const = 0;
  virtual absl::StatusOr<std::vector<Channel>> ListChannels(const TenantWall& wall) const = 0;
  virtual absl::StatusOr<std::optional<Channel>> FindChannel(const ChannelId& id) const = 0;
  virtual absl::StatusOr<std::vector<Channel>> ListChannels() const = 0;
  // Inserts or replaces all but the health. FailedPrecondition without its tenant.
  virtual absl::Status PutChannel(const Channel& channel) = 0;
  virtual absl::Status SetHealth(const ChannelId& id, const ChannelHealth& health) = 0;
  // With its deliveries. NotFound.
  virtual absl::Status DeleteChannel(const ChannelId& id) = 0;

  // ---- deliveries ----
  virtual absl::StatusOr<std::optional<Delivery>> FindDelivery(const TenantWall& wall,
                                                               const DeliveryId& id) const = 0;
  virtual absl::StatusOr<std::optional<Delivery>> FindDelivery(const DeliveryId& id) const = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<Delivery>> ListDeliveries(
      const DeliveryQuery& query) const = 0;
  // The newest of the channel that waits for its first attempt, at a time after `now`; not a test.
  virtual absl::StatusOr<std::optional<Delivery>> FindOpenGroup(const ChannelId& channel,
                                                                absl::Time now) const = 0;
  // Of each channel that has any, the one that is due first.
  virtual absl::StatusOr<std::vector<Delivery>> ListNext() const = 0;
  // Those that an attempt is under way for.
  virtual absl::StatusOr<std::vector<Delivery>> ListSending() const = 0;
  virtual absl::Status InsertDelivery(const Delivery& delivery) = 0;
  // Compare-and-set of the whole row but id, channel and creation: Aborted when it is not in `from`;
  // Internal when the transition table does not hold the move. Staying is no move.
  virtual absl::Status UpdateDelivery(const Delivery& delivery, DeliveryState from) = 0;
  // Deletes finished ones, at most `limit`; how many.
  virtual absl::StatusOr<int> Prune(absl::Time finished_before, int limit) = 0;

  // In their order. The caller checked that the delivery is visible.
  virtual absl::StatusOr<std::vector<NotificationEvent>> ListEvents(const DeliveryId& id) const = 0;
  virtual absl::Status AddEvent(const DeliveryId& id, int position,
                                const NotificationEvent& event) = 0;
  virtual absl::StatusOr<std::vector<DeliveryAttempt>> ListAttempts(const DeliveryId& id) const = 0;
  // Inserts or replaces.
  virtual absl::Status PutAttempt(const DeliveryId& id, const DeliveryAttempt& attempt) = 0;

  // ---- what was told ----
  virtual absl::StatusOr<std::vector<Condition>> ListConditions(NotificationKind kind) const = 0;
  virtual absl::Status PutCondition(const Condition& condition) = 0;
  virtual absl::Status DeleteCondition(const Condition& condition) = 0;
  // Up to which event of the audit log deliveries were made.
  virtual absl::StatusOr<int64_t> Notified() const = 0;
  virtual absl::Status SetNotified(int64_t sequence) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_NOTIFICATION_STORE_H_
