// The time that passes whatever the clock on the wall is set to.
#ifndef MUSTER_BASE_PLATFORM_STEADY_TIME_H_
#define MUSTER_BASE_PLATFORM_STEADY_TIME_H_

#include "absl/time/time.h"

namespace muster {

// Time since some moment before this process began; it never steps. Where the system tells it
// (Linux: CLOCK_BOOTTIME), the time that the machine slept is in it. Thread-safe, does not block.
absl::Duration SteadyTime();

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_STEADY_TIME_H_
