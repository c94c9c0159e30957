// What operators ask of notifications: channels, tests, replays, what is open.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_NOTIFICATION_DESK_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_NOTIFICATION_DESK_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/notification_operations.h"
#include "orchestrator/core/notify/condition_watch.h"
#include "orchestrator/core/notify/outbox.h"
#include "orchestrator/core/notify/postman.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// On the strand only.
class NotificationDesk final : public NotificationOperations {
 public:
  NotificationDesk(const NotifyOptions& options, KeyVault& vault, Outbox& outbox, Postman& postman,
                   ConditionWatch& conditions)
      : options_(options),
        vault_(vault),
        outbox_(outbox),
        postman_(postman),
        conditions_(conditions) {}

  absl::StatusOr<store::Channel> SetChannel(Turn& turn, const Actor& actor,
                                            ChannelInput input) override;
  absl::StatusOr<int> DeleteChannel(Turn& turn, const Actor& actor, const ChannelId& id) override;
  absl::Status Test(Turn& turn, Answer<store::Delivery> done, const Actor& actor,
                    const ChannelId& id) override;
  absl::StatusOr<OpenTold> TellOpen(Turn& turn, const Actor& actor, const ChannelId& id) override;
  absl::StatusOr<store::Delivery> Replay(Turn& turn, const Actor& actor,
                                         const DeliveryId& id) override;

 private:
  absl::Status Resume(Turn& turn, const Actor& actor, const ChannelId& id);

  const NotifyOptions options_;
  KeyVault& vault_;
  Outbox& outbox_;
  Postman& postman_;
  ConditionWatch& conditions_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_NOTIFICATION_DESK_H_
