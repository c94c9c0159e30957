// Gives memory that a flood left behind back to the system. What gRPC has freed stays with the heap,
// in arenas of many threads, and would count as this process's for good.
//
//   every second: well above the least there was? ─► return what is free ─► it helped: again in 2 s
//                                                                          it did not: later each time
#ifndef MUSTER_ORCHESTRATOR_APP_MEMORY_RETURN_H_
#define MUSTER_ORCHESTRATOR_APP_MEMORY_RETURN_H_

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/timers.h"

namespace muster::app {

// When it is worth it: values and virtual time. `now` is Clock::Steady().
class MemoryReturnPolicy {
 public:
  bool IsDue(int64_t resident, absl::Duration now);
  // It was done, and this is left.
  void Done(int64_t resident_before, int64_t resident, absl::Duration now);

 private:
  int64_t least_ = 0;  // Since the first look; 0: none.
  int64_t left_ = 0;   // Of the last time.
  absl::Duration last_;
  absl::Duration wait_;
};

// All borrowed; timers and pool have ended when it is destroyed. Works on `pool`.
class MemoryReturn {
 public:
  struct Heap {
    std::function<int64_t()> resident;
    std::function<void()> give_back;
  };
  MemoryReturn(Heap heap, Timers& timers, Executor& pool, const Clock& clock);
  void Start();

 private:
  void Look();

  const Heap heap_;
  Timers& timers_;
  Executor& pool_;
  const Clock& clock_;
  MemoryReturnPolicy policy_;  // Of one look at a time.
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_MEMORY_RETURN_H_
