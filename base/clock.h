// Time as a parameter: nothing in Muster reads the system's clock except through this interface.
#ifndef MUSTER_BASE_CLOCK_H_
#define MUSTER_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace muster {

// Tells the time. Thread-safe. Tests use FakeClock (tests/fakes/fake_clock.h).
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time. May step backwards when the machine's clock is set.
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Lives for ever.
const Clock& SystemClock();

}  // namespace muster

#endif  // MUSTER_BASE_CLOCK_H_
