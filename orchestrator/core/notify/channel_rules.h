// What may stand in a channel, and who may have it so. Pure but for the vault, which seals.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_CHANNEL_RULES_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_CHANNEL_RULES_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/notification_operations.h"
#include "store/model/notification.h"

namespace muster::core {

// The channel as the input makes it of the one before (none: a new one). A secret is never taken
// along to another address: whoever changes that gives it anew. E-REQUEST-INVALID, E-AUTH-FORBIDDEN
// as NotificationOperations::SetChannel.
absl::StatusOr<store::Channel> MakeChannel(const Actor& actor,
                                           const std::optional<store::Channel>& before,
                                           ChannelInput input, KeyVault& vault, absl::Time now);

// Whether the channel is told of the event. Provider's channels hear of all tenants and of what
// belongs to none, a tenant's of its own tenant's alone.
bool Hears(const store::Channel& channel, const store::NotificationEvent& event);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_CHANNEL_RULES_H_
