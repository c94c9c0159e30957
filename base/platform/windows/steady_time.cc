#include "base/platform/steady_time.h"

#include <windows.h>

namespace muster {

// The performance counter goes on while the machine sleeps.
absl::Duration SteadyTime() {
  static const int64_t frequency = [] {
    LARGE_INTEGER value;
    QueryPerformanceFrequency(&value);
    return value.QuadPart;
  }();
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return absl::Seconds(now.QuadPart / frequency) +
         absl::Nanoseconds((now.QuadPart % frequency) * 1'000'000'000 / frequency);
}

}  // namespace muster
