// Notifications: the channels that somebody is told over, and the deliveries, each with its events
// and its attempts (docs/notifications.md).
#ifndef MUSTER_STORE_MODEL_NOTIFICATION_H_
#define MUSTER_STORE_MODEL_NOTIFICATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/ids.h"
#include "store/model/states.h"
#include "store/model/tenant_wall.h"
#include "store/model/zone.h"

namespace muster::store {

// Minutes of the day, [from, to), over midnight when from is the later; equal: none.
struct QuietHours {
  int from = 0;
  int to = 0;
  std::string time_zone;  // As the IANA names it; empty: UTC.
  friend bool operator==(const QuietHours&, const QuietHours&) = default;
};

// How the last attempts over a channel went.
struct ChannelHealth {
  int failures = 0;                      // In a row, until now.
  std::optional<absl::Time> not_before;  // It is left alone until then.
  std::optional<absl::Time> delivered;   // The last time.
  std::optional<absl::Time> failed;      // The last time.
  std::optional<Failure> failure;        // Of the last attempt; none: it succeeded.
};

inline constexpr absl::Duration kDefaultGroupWindow = absl::Minutes(1);

struct Channel {
  ChannelId id;
  TenantId tenant_id;  // Empty: the provider's, which hears of all tenants.
  ChannelKind kind = ChannelKind::kWebhook;
  std::string address;                  // The webhook's URL; smtp:// or smtps:// of the relay.
  std::string sender;                   // Of e-mail.
  std::vector<std::string> recipients;  // Of e-mail.
  std::string user;                     // At the relay; empty: none.
  Sealed secret;                        // What signs, or the user's password.
  std::string fingerprint;
  std::string ca_pem;                    // Empty: the system's trust anchors.
  bool plain_smtp = false;               // Mail goes to the relay without TLS.
  bool allow_private = false;            // The address may be one that is not public.
  std::vector<NotificationKind> events;  // Empty: all.
  QuietHours quiet;
  absl::Duration group = kDefaultGroupWindow;  // Events so close go together.
  int coverage_target = 0;                     // In percent of a zone's servers; 0: none.
  bool paused = false;                         // Nothing is sent but tests; what happens waits.
  absl::Time create_time;
  ChannelHealth health;
};

// One thing that happened.
struct NotificationEvent {
  NotificationKind kind = NotificationKind::kTest;
  absl::Time time;
  TenantId tenant_id;   // Empty: of no one tenant.
  std::string subject;  // Id of what it is about.
  Severity severity = Severity::kLow;
  ForeignText summary;
  std::string next;  // To type next; may be empty.
};

struct Delivery {
  DeliveryId id;
  ChannelId channel_id;
  TenantId tenant_id;  // The channel's.
  DeliveryState state = DeliveryState::kWaiting;
  bool is_test = false;  // Tried once.
  int events = 0;
  int attempts = 0;
  absl::Time create_time;
  absl::Time due;    // Of the next attempt; until the first one's events join it.
  absl::Time since;  // When its first attempt was due, or it was replayed.
  std::optional<absl::Time> finish_time;
  std::optional<Failure> failure;  // Of the last attempt.
};

struct DeliveryAttempt {
  int attempt = 0;  // 1, 2, …
  absl::Time start_time;
  std::optional<absl::Time> finish_time;  // None: under way.
  int status = 0;                         // Of HTTP or SMTP; 0: there was no answer.
  std::optional<Failure> failure;
};

struct DeliveryQuery {
  TenantWall wall = TenantWall();  // Nothing is found without one.
  ChannelId channel_id;            // Empty: all.
  std::vector<DeliveryState> states;
  DeliveryId before;  // Cursor: the last row of the page before.
  int limit = 200;    // 0: no limit.
};

// Something that was found to be so and told of once, until it is otherwise.
struct Condition {
  NotificationKind kind = NotificationKind::kBackupOld;
  std::string subject;
  TenantId tenant_id;  // Empty: of no one tenant.
  absl::Time since;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_NOTIFICATION_H_
