// Sends deliveries: which when, and what becomes of an attempt.
//
//   waiting ─ due, channel free, not left alone ─► sending ─ taken ──────────────► delivered
//      ▲                │ attempt n is committed,     │
//      │                └ then the bytes              ├─ failed, and is tried again ─► waiting
//      │                                              └─ refused for good, or for three
//      ├──────────── replayed ◄──────────────────────── days: given up ──────────────► failed
//      └ behind a channel that is paused for three days: given up ───────────────────────┘
//
// One attempt of a channel at a time, so many of a tenant, so many of all: who hangs holds up
// himself. A channel that goes on failing is left alone between two tries; over one that is paused
// nothing leaves but tests, and what has waited for three days is given up. An attempt that was under
// way when the orchestrator ended, or whose end nobody told for longer than any attempt takes, may
// have arrived: it is repeated, with the next number.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_POSTMAN_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_POSTMAN_H_

#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/random.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/notification_sender.h"
#include "orchestrator/core/interfaces/posted.h"
#include "orchestrator/core/options.h"
#include "store/model/notification.h"

namespace muster::core {

// On the strand only.
class Postman {
 public:
  // `sender` null: nothing is ever sent, and what is made waits.
  Postman(const NotifyOptions& options, Control& control, Agenda& agenda, Random& random,
          NotificationSender* sender)
      : options_(options), control_(control), agenda_(agenda), random_(random), sender_(sender) {}

  absl::Status Recover(Turn& turn);
  // Begins what may begin now; the rest has its time.
  absl::Status Pump(Turn& turn);
  // The same in an operation of its own: what this one began would be undone with it.
  void PumpAt(absl::Time when);
  // Sends this one now, though its channel may be left alone; waits only for the attempt that its
  // channel has under way. `done` is answered when its attempt has ended.
  absl::Status SendNow(Turn& turn, const store::Delivery& delivery, Answer<store::Delivery> done);

 private:
  struct UnderWay {
    TenantId tenant_id;
    DeliveryId delivery_id;
    int attempt = 0;
  };
  // Somebody waits for the end of its next attempt.
  struct Insisted {
    ChannelId channel_id;
    Answer<store::Delivery> done;
  };
  // What is to be looked at: the deliveries that somebody waits for, then each channel's next.
  absl::StatusOr<std::vector<store::Delivery>> Candidates(Turn& turn) const;
  bool HasPlace(const ChannelId& channel, const TenantId& tenant) const;
  absl::Status Begin(Turn& turn, const store::Channel& channel, store::Delivery delivery);
  absl::Status End(Turn& turn, const ChannelId& channel, const DeliveryId& id, int attempt,
                   const SendOutcome& outcome);
  // What holds up its channel without an end is ended: the outcome is unknown.
  void WatchAttempt(absl::Time now, const ChannelId& channel, const DeliveryId& id, int attempt);
  absl::Status EndUntold(Turn& turn, const ChannelId& channel, const DeliveryId& id, int attempt);
  // When the delivery may begin, or is to be looked at again. One that waited too long over a
  // channel that is paused is given up.
  absl::StatusOr<absl::Time> MayBegin(Turn& turn, const store::Channel& channel,
                                      const store::Delivery& delivery);
  absl::Status Settle(Turn& turn, store::Delivery delivery, const SendOutcome& outcome);
  store::ChannelHealth HealthAfter(store::ChannelHealth health, const SendOutcome& outcome,
                                   absl::Time now);
  void AnswerWaiting(Turn& turn, const store::Delivery& delivery);

  const NotifyOptions options_;
  Control& control_;
  Agenda& agenda_;
  Random& random_;
  NotificationSender* const sender_;
  std::map<ChannelId, UnderWay> under_way_;
  std::map<DeliveryId, Insisted> insisted_;
  absl::Time pump_at_ = absl::InfiniteFuture();
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_POSTMAN_H_
