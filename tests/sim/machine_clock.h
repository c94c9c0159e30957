// A machine's clock in the simulation: the true time, and what somebody has set it off by.
#ifndef MUSTER_TESTS_SIM_MACHINE_CLOCK_H_
#define MUSTER_TESTS_SIM_MACHINE_CLOCK_H_

#include "base/clock.h"

namespace muster::sim {

class MachineClock final : public Clock {
 public:
  explicit MachineClock(const Clock& truth) : truth_(truth) {}
  absl::Time Now() const override { return truth_.Now() + offset_; }
  absl::Duration Steady() const override { return truth_.Steady(); }
  void SetOffset(absl::Duration offset) { offset_ = offset; }
  absl::Duration offset() const { return offset_; }

 private:
  const Clock& truth_;
  absl::Duration offset_;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_MACHINE_CLOCK_H_
