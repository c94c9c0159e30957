// Recognizes that this orchestrator was put back to an earlier moment: a snapshot of its machine, a
// copy of its data directory, a restored backup. Nothing in the data itself can tell; its workers
// can (docs/decisions/moments.md).
//
//   a turn is durable ─► its last audit event, number and hash ─► Welcome, Command, ResultAck
//     ─► the worker keeps it ─► Hello ─┬─ in our log, with that hash ─► we are what it knows
//                                      ├─ behind our end             ─► we are older than that
//                                      └─ there, with another hash   ─► we went another way since
//
// An event that was pruned says nothing. The last two are observed at the server (E-SESSION-AHEAD)
// until it comes with a moment of our own log, audited once in the life of a process, and told to
// `on_older`. The worker is let in like any other: what is to be done about what it has and we do
// not is done for every session (certificate_takeover.h, zone_pins.h, the journal in its Hello).
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_MOMENT_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_MOMENT_WATCH_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_events.h"

namespace muster::core {

// On the strand only.
class MomentWatch {
 public:
  // `on_older` is called on the strand, once in the life of the process, with what was seen, once
  // the turn that saw it is durable. May be null.
  explicit MomentWatch(std::function<void(const std::string&)> on_older)
      : on_older_(std::move(on_older)) {}

  // Of a session that is let in. Nothing while the worker says no moment. Whether we are older than
  // it, or went another way.
  absl::StatusOr<bool> Weigh(Turn& turn, const SessionOpening& opening);

 private:
  // Whether the event is in the log: an operation that is undone takes its event along.
  absl::StatusOr<bool> IsAudited(Turn& turn) const;

  const std::function<void(const std::string&)> on_older_;
  std::optional<store::AuditLink> audited_;
  bool told_ = false;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_MOMENT_WATCH_H_
