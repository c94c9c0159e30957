#include "orchestrator/core/control/clock_drift.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::core {
namespace {

const absl::Time kBegan = absl::FromUnixSeconds(1'790'000'000);

// Two clocks; the time of day gains `slew` of a second each second of the steady one.
class ClockDriftTest : public testing::Test {
 protected:
  void Run(absl::Duration time, absl::Duration step, double slew = 0) {
    for (absl::Duration passed; passed < time; passed += step) {
      steady_ += step;
      now_ += step + slew * step;
      drift_.Note(now_, steady_);
    }
  }
  // How far AgeOf is from the truth about a date that was taken when the steady clock said so.
  absl::Duration Error(absl::Time date, absl::Duration then) const {
    return absl::AbsDuration(drift_.AgeOf(date) - (steady_ - then));
  }

  ClockDrift drift_;
  absl::Time now_ = kBegan;
  absl::Duration steady_ = absl::Hours(3);
};

TEST_F(ClockDriftTest, AnEvenClockTellsAgesItself) {
  Run(absl::Hours(5), absl::Milliseconds(1700));
  EXPECT_EQ(drift_.AgeOf(now_ - absl::Hours(2)), absl::Hours(2));
  EXPECT_EQ(drift_.AgeOf(now_ + absl::Minutes(1)), -absl::Minutes(1));
  EXPECT_EQ(drift_.AgeOf(kBegan - absl::Hours(1)), now_ - kBegan + absl::Hours(1));
}

TEST_F(ClockDriftTest, AgesAreTrueThroughoutASlew) {
  for (const double slew : {0.25, -0.25}) {
    for (const absl::Duration step : {absl::Milliseconds(90), absl::Seconds(1), absl::Minutes(1)}) {
      std::vector<std::pair<absl::Time, absl::Duration>> dates;
      const auto take = [&] { dates.emplace_back(now_, steady_); };
      Run(absl::Minutes(5), step);
      take();
      for (int i = 0; i < 10; ++i) {
        Run(absl::Minutes(3), step, slew);
        take();
      }
      for (int i = 0; i < 10; ++i) {
        Run(absl::Minutes(1), step);
        take();
      }
      for (const auto& [date, then] : dates) {
        EXPECT_LE(Error(date, then), absl::Milliseconds(500)) << slew << " " << step << " " << date;
      }
    }
  }
}

TEST_F(ClockDriftTest, WhatIsLongPastIsForgotten) {
  Run(absl::Hours(1), absl::Seconds(1), 0.25);
  const absl::Time slewed = now_;
  Run(2 * ClockDrift::kRemembered, absl::Seconds(1));
  EXPECT_EQ(drift_.AgeOf(now_), absl::ZeroDuration());
  EXPECT_EQ(drift_.AgeOf(slewed), 2 * ClockDrift::kRemembered);
}

TEST(ClockDrift, WithoutANoteNothingHasAnAge) {
  EXPECT_EQ(ClockDrift().AgeOf(kBegan), absl::ZeroDuration());
}

}  // namespace
}  // namespace muster::core
