#include "base/clock.h"

#include "absl/time/clock.h"
#include "base/platform/steady_time.h"
#include "base/slewed_clock.h"

namespace muster {
namespace {

class MachineClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Steady() const override { return SteadyTime(); }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock* const machine = new MachineClock;
  static const SlewedClock* const clock = new SlewedClock(*machine);
  return *clock;
}

}  // namespace muster
