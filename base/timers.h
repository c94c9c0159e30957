// Timers: run a task after a while. One small interface, one real (ThreadTimers), one fake
// (FakeClock in tests/fakes fires timers when it is advanced).
#ifndef MUSTER_BASE_TIMERS_H_
#define MUSTER_BASE_TIMERS_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace muster {

using TimerId = uint64_t;  // 0 names no timer.

// Thread-safe. Tasks run on a thread of the implementation's (real) or in the advancing caller
// (fake): they post, they do not work.
class Timers {
 public:
  virtual ~Timers() = default;
  // Runs `task` once when `wait` has passed on the steady clock (at once if it is not positive):
  // whoever waits for a date waits for what is left until then, and looks again. Does not block.
  virtual TimerId After(absl::Duration wait, absl::AnyInvocable<void()> task) = 0;
  // Forgets a timer that has not fired. False when it has fired, is firing now, or never was.
  virtual bool Cancel(TimerId id) = 0;
};

}  // namespace muster

#endif  // MUSTER_BASE_TIMERS_H_
