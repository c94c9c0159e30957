// What is so for a while, as against what happens: told once when it begins, and again only after
// it was otherwise in between.
//
//   coverage of a zone below a channel's target · an operator's last certificate, or a zone's joining
//   key, ends soon · what the program found of itself (its certificates end soon, its backup is too
//   old)
//
// What was told stands in the store, so that a restart tells nothing twice.
#ifndef MUSTER_ORCHESTRATOR_CORE_NOTIFY_CONDITION_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_NOTIFY_CONDITION_WATCH_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/system_condition.h"
#include "orchestrator/core/notify/outbox.h"
#include "orchestrator/core/options.h"
#include "store/model/notification.h"

namespace muster::core {

// On the strand only.
class ConditionWatch {
 public:
  ConditionWatch(const NotifyOptions& options, Agenda& agenda, Outbox& outbox)
      : options_(options), agenda_(agenda), outbox_(outbox) {}

  // From now on. Once.
  void Start(absl::Time now);
  // All that the program finds of itself now.
  absl::Status TakeSystem(Turn& turn, const std::vector<SystemCondition>& found);
  // All that the channel hears of and that is so now, told or not.
  absl::StatusOr<std::vector<store::NotificationEvent>> NowOf(Turn& turn,
                                                              const store::Channel& channel);

 private:
  using Events = std::vector<store::NotificationEvent>;
  // `found` is all that is so of this kind; kind, time and severity of its events are set here.
  absl::Status Compare(Turn& turn, store::NotificationKind kind,
                       std::vector<store::NotificationEvent> found);
  absl::Status LookAtEndings(Turn& turn);
  absl::StatusOr<Events> EndingOperators(Turn& turn) const;
  absl::StatusOr<Events> EndingKeys(Turn& turn) const;
  absl::Status LookAtCoverage(Turn& turn);
  // One zone in a turn of its own: it counts servers.
  absl::Status LookAtZone(Turn& turn, const ChannelId& channel, const ZoneId& zone);

  const NotifyOptions options_;
  Agenda& agenda_;
  Outbox& outbox_;
  std::vector<SystemCondition> system_;  // As taken last.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_NOTIFY_CONDITION_WATCH_H_
