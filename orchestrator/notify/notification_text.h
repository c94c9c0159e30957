// A delivery as its receiver gets it: the webhook's JSON and its signature, the mail. Pure.
// docs/notifications.md is the contract.
#ifndef MUSTER_ORCHESTRATOR_NOTIFY_NOTIFICATION_TEXT_H_
#define MUSTER_ORCHESTRATOR_NOTIFY_NOTIFICATION_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/notification_sender.h"

namespace muster::notify {

// One line of JSON, UTF-8.
std::string WebhookBody(const core::NotificationMessage& message);

// "t=1790000000,v1=<64 hexadecimal digits>": HMAC-SHA-256 of "1790000000." and the body.
std::string SignatureOf(const Secret& secret, absl::Time now, absl::string_view body);

// A whole mail, headers and body, lines ended by CR LF. Plain text; its Message-ID is the delivery's,
// the same at each attempt.
std::string MailContent(const core::NotificationMessage& message);

}  // namespace muster::notify

#endif  // MUSTER_ORCHESTRATOR_NOTIFY_NOTIFICATION_TEXT_H_
