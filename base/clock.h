// Time as a parameter: nothing in Muster reads the system's clocks except through this interface.
//
//   Now()      what has a date: certificates, tokens, what is stored, what people read
//   Steady()   what waits or measures: timeouts, back-offs, polls, the time a command has left
#ifndef MUSTER_BASE_CLOCK_H_
#define MUSTER_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace muster {

// Tells the time. Thread-safe. Tests use FakeClock (tests/fakes/fake_clock.h).
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time. That of SystemClock never jumps and never runs backwards (slewed_clock.h);
  // others may.
  virtual absl::Time Now() const = 0;
  // Time since some moment of the past. Grows evenly, whatever the wall clock is set to; goes on
  // while the machine sleeps. Means nothing in another process.
  virtual absl::Duration Steady() const = 0;
};

// The machine's clock, slewed: a wall clock that is set by hand or by NTP is followed slowly, so
// that no deadline of this process comes early or late by the step. Lives for ever.
const Clock& SystemClock();

}  // namespace muster

#endif  // MUSTER_BASE_CLOCK_H_
