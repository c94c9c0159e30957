// What the time of day gained or lost against the steady clock while this process ran: SlewedClock
// follows a machine's clock that was set at a quarter of the speed (docs/decisions/two-clocks.md).
//
//   date of ours ──AgeOf──► how long ago ──► compared with how long ago others' clocks say
//
// A hub's clock runs evenly. Two dates of ours, minutes apart, do not lie so far apart as the hub's
// do when ours was being slewed between them: ages do.
#ifndef MUSTER_ORCHESTRATOR_CORE_CONTROL_CLOCK_DRIFT_H_
#define MUSTER_ORCHESTRATOR_CORE_CONTROL_CLOCK_DRIFT_H_

#include <deque>

#include "absl/time/time.h"

namespace muster::core {

class ClockDrift {
 public:
  static constexpr absl::Duration kSpacing = absl::Seconds(2);
  static constexpr absl::Duration kRemembered = absl::Hours(4);

  // Both clocks, read together. In their order.
  void Note(absl::Time now, absl::Duration steady);
  // How long before the last Note `date` was, by the steady clock: exact to half a second. What was
  // slewed before the first Note, or longer ago than kRemembered, is not known.
  absl::Duration AgeOf(absl::Time date) const;

 private:
  struct Knot {
    absl::Time now;
    absl::Duration drift;  // Of the time of day against the steady clock, from any origin.
  };
  absl::Duration DriftAt(absl::Time date) const;

  std::deque<Knot> knots_;  // The last one is the last Note.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_CLOCK_DRIFT_H_
