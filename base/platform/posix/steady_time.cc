#include "base/platform/steady_time.h"

#include <time.h>

namespace muster {

absl::Duration SteadyTime() {
  timespec now = {};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace muster
