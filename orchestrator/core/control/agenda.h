// What the core does later: one heap of times, one armed timer. Everything runs as operations on
// the control strand, so it shares turns and commits with what arrives from outside.
#ifndef MUSTER_ORCHESTRATOR_CORE_CONTROL_AGENDA_H_
#define MUSTER_ORCHESTRATOR_CORE_CONTROL_AGENDA_H_

#include <functional>
#include <queue>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/timers.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

// Used on the strand only. Entries cannot be withdrawn: a task looks whether it still has a reason.
class Agenda {
 public:
  using Task = std::function<absl::Status(Turn&)>;

  Agenda(Control& control, const Clock& clock, Timers& timers)
      : control_(control), clock_(clock), timers_(timers) {}

  // Runs `task` in a turn once the clock reaches `when`. InfiniteFuture: never.
  void At(absl::Time when, Task task);
  // Forgets everything.
  void Clear();

 private:
  struct Entry {
    absl::Time when;
    uint64_t order;
    Task task;
    bool operator<(const Entry& other) const {  // The earliest on top of the heap.
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  void Arm();
  void RunDue();

  Control& control_;
  const Clock& clock_;
  Timers& timers_;
  std::priority_queue<Entry> entries_;
  uint64_t next_order_ = 0;
  TimerId timer_ = 0;
  absl::Time armed_ = absl::InfiniteFuture();
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_AGENDA_H_
