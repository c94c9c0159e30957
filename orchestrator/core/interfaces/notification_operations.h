// What operators ask of notifications. See posted.h for how these are called. Errors are Status with
// an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_OPERATIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/posted.h"
#include "store/model/notification.h"

namespace muster::core {

// What is absent is kept; a new channel gets the default.
struct ChannelInput {
  TenantId tenant_id;  // Empty: the provider's.
  std::string slug;
  std::optional<store::ChannelKind> kind;  // Required of a new one; it cannot change.
  std::optional<std::string> address;
  std::optional<std::string> sender;
  std::optional<std::vector<std::string>> recipients;
  std::optional<std::string> user;  // Empty: none, and no password.
  std::optional<Secret> secret;     // What signs, or the user's password.
  std::optional<std::string> ca_pem;
  std::optional<bool> plain_smtp;
  std::optional<bool> allow_private;
  std::optional<std::vector<store::NotificationKind>> events;  // Empty: all.
  std::optional<store::QuietHours> quiet;
  std::optional<absl::Duration> group;
  std::optional<int> coverage_target;
  std::optional<bool> paused;
};

// What a channel was told of that was so already.
struct OpenTold {
  int told = 0;
  int left_out = 0;  // Open findings beyond NotifyOptions::most_open.
};

class NotificationOperations {
 public:
  virtual ~NotificationOperations() = default;

  // Makes or changes a channel. E-INVENTORY-TENANT beyond the actor's wall; E-REQUEST-INVALID names
  // what is wrong; E-AUTH-FORBIDDEN for what only who is bound to no tenant may: a channel of the
  // provider, one that may reach private addresses, one without TLS.
  virtual absl::StatusOr<store::Channel> SetChannel(Turn& turn, const Actor& actor,
                                                    ChannelInput input) = 0;
  // With its deliveries, also those that were not sent; how many these were. E-INVENTORY-CHANNEL.
  virtual absl::StatusOr<int> DeleteChannel(Turn& turn, const Actor& actor,
                                            const ChannelId& id) = 0;
  // Sends a test now, once, whatever the hour; answers with the delivery as it ended.
  // E-INVENTORY-CHANNEL.
  virtual absl::Status Test(Turn& turn, Answer<store::Delivery> done, const Actor& actor,
                            const ChannelId& id) = 0;
  // Tells the channel of what is so now and it may have begun before the channel did: open findings,
  // the worst first, and what lasts. E-INVENTORY-CHANNEL.
  virtual absl::StatusOr<OpenTold> TellOpen(Turn& turn, const Actor& actor,
                                            const ChannelId& id) = 0;
  // Sends a finished delivery again, under its id and with the next attempt's number.
  // E-INVENTORY-DELIVERY; E-REQUEST-STATE for one that is not finished.
  virtual absl::StatusOr<store::Delivery> Replay(Turn& turn, const Actor& actor,
                                                 const DeliveryId& id) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_OPERATIONS_H_
