// Sends one attempt of a delivery. Implemented by orchestrator/notify (webhooks and mail over
// libcurl), by a fake in tests.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_SENDER_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_SENDER_H_

#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/model/notification.h"

namespace muster::core {

struct NotificationMessage {
  store::Channel channel;  // Its secret still sealed.
  DeliveryId delivery_id;
  int attempt = 1;  // Above 1: a repeat of what may have arrived.
  absl::Time time;
  std::vector<store::NotificationEvent> events;
};

struct SendOutcome {
  int status = 0;                  // Of HTTP or SMTP; 0: there was no answer.
  std::optional<Failure> failure;  // None: it was taken.
  bool is_final = false;           // It fails however often it is tried.
  std::optional<absl::Duration> retry_after;
};

class NotificationSender {
 public:
  virtual ~NotificationSender() = default;
  // Sends it elsewhere and calls `done` there, once; it must not block. Never blocks the caller.
  // Failures are E-NOTIFY-…, E-KEY-UNSEALABLE. It may never answer once the program stops.
  virtual void Send(NotificationMessage message, absl::AnyInvocable<void(SendOutcome)> done) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_NOTIFICATION_SENDER_H_
