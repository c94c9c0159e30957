// Makes deliveries of what happened.
//
//   fact + audit event ─ one commit ─► audit log ─► outbox reads on from its mark ─┐ one commit
//                                      deliveries of every channel that hears it ◄─┤
//                                                                       the mark  ◄─┘
//
// A crash at any commit repeats nothing and loses nothing: mark and deliveries move together. Events
// join the delivery of their channel that has not begun: for the channel's group window, through its
// quiet hours, and while it is paused.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_OUTBOX_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_OUTBOX_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/options.h"
#include "store/model/notification.h"

namespace muster::core {

// On the strand only.
class Outbox {
 public:
  // Called when deliveries were made.
  using OnMade = std::function<void(Turn&)>;

  Outbox(const NotifyOptions& options, Agenda& agenda, OrderedIds& ids, OnMade on_made)
      : options_(options), agenda_(agenda), ids_(ids), on_made_(std::move(on_made)) {}

  // At the start: nothing that was written before is missed.
  absl::Status Recover(Turn& turn);
  // At each turn's end: has something been written since?
  absl::Status Consider(Turn& turn);
  // There are channels now, or none: before the first one nothing is told to anybody.
  absl::Status ChannelsChanged(Turn& turn);
  bool has_channels() const { return channels_ > 0; }

  // Into a delivery of each channel that hears it.
  absl::Status Tell(Turn& turn, const store::NotificationEvent& event);
  // Into one of this channel's.
  absl::Status TellOne(Turn& turn, const store::Channel& channel,
                       const store::NotificationEvent& event);
  // All of them, which have waited: into deliveries of their own, due now but for quiet hours.
  absl::Status TellTogether(Turn& turn, const store::Channel& channel,
                            const std::vector<store::NotificationEvent>& events);
  // A delivery of its own, due at once.
  absl::StatusOr<store::Delivery> TellTest(Turn& turn, const store::Channel& channel);

 private:
  absl::Status Collect(Turn& turn);
  absl::Status TellChannels(Turn& turn, const std::vector<store::Channel>& channels,
                            const store::NotificationEvent& event);

  const NotifyOptions options_;
  Agenda& agenda_;
  OrderedIds& ids_;
  const OnMade on_made_;
  size_t channels_ = 0;
  int64_t read_ = 0;  // The mark, as in the store.
  bool armed_ = false;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_OUTBOX_H_
