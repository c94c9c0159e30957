// The clock that follows without jumping, and waits that no clock on the wall can move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/slewed_clock.h"
#include "base/thread_timers.h"
#include "base/token_bucket.h"
#include "tests/fakes/fake_clock.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SlewedClockTest : public testing::Test {
 protected:
  SlewedClockTest() {
    log::SetSinkForTesting([this](absl::string_view line) { lines_ += std::string(line) + "\n"; });
  }
  ~SlewedClockTest() override { log::SetSinkForTesting(nullptr); }
  std::string TakeLines() { return std::exchange(lines_, ""); }
  // Looks once a second, as a program at work does.
  absl::Time After(absl::Duration time, const SlewedClock& clock) {
    for (absl::Duration passed; passed < time; passed += absl::Seconds(1)) {
      machine_.Advance(absl::Seconds(1));
      const absl::Time now = clock.Now();
      EXPECT_GE(now, last_);
      last_ = now;
    }
    return last_;
  }

  std::string lines_;
  FakeClock machine_;
  absl::Time last_ = absl::InfinitePast();
};

TEST_F(SlewedClockTest, AStepIsFollowedSlowlyInBothDirections) {
  for (const absl::Duration step : {-absl::Hours(1), absl::Hours(1), -absl::Hours(20),
                                    absl::Seconds(90), -absl::Milliseconds(2500)}) {
    const SlewedClock clock(machine_);
    last_ = absl::InfinitePast();
    After(absl::Minutes(1), clock);
    TakeLines();
    machine_.StepWall(step);
    const absl::Time begin = clock.Now();
    EXPECT_THAT(TakeLines(), HasSubstr("the machine's clock was set")) << step;
    const absl::Duration passed = After(absl::Minutes(4), clock) - begin;
    EXPECT_GE(passed, absl::Minutes(3)) << step;
    EXPECT_LE(passed, absl::Minutes(5)) << step;
    After(absl::AbsDuration(step) * 4 + absl::Seconds(2), clock);
    EXPECT_EQ(clock.Now(), machine_.Now()) << step;
    EXPECT_THAT(TakeLines(), HasSubstr("agree again")) << step;
  }
}

TEST_F(SlewedClockTest, SmallCorrectionsAreFollowedWithoutAWord) {
  const SlewedClock clock(machine_);
  for (int i = 0; i < 100; ++i) {
    machine_.StepWall(absl::Milliseconds(i % 2 == 0 ? 40 : -35));
    After(absl::Seconds(1), clock);
  }
  EXPECT_LE(absl::AbsDuration(clock.Now() - machine_.Now()), absl::Milliseconds(100));
  EXPECT_THAT(TakeLines(), IsEmpty());
}

// Remedy walked: E-SYSTEM-CLOCK
TEST_F(SlewedClockTest, AYearIsNotBelievedAndComesBack) {
  for (const absl::Duration year : {absl::Hours(24 * 365), -absl::Hours(24 * 200)}) {
    const SlewedClock clock(machine_);
    last_ = clock.Now();
    machine_.StepWall(year);
    const absl::Time begin = clock.Now();
    const std::string said = TakeLines();
    EXPECT_THAT(said, HasSubstr("E-SYSTEM-CLOCK"));
    EXPECT_THAT(said, HasSubstr("restart"));
    EXPECT_EQ(After(absl::Minutes(50), clock) - begin, absl::Minutes(50));
    EXPECT_THAT(TakeLines(), IsEmpty()) << "not a line each second";
    After(absl::Minutes(20), clock);
    EXPECT_THAT(TakeLines(), HasSubstr("E-SYSTEM-CLOCK")) << "but one each hour";
    EXPECT_EQ(SlewedClock(machine_).Now(), machine_.Now()) << "a restarted program goes by it";
    machine_.StepWall(-year);
    After(absl::Seconds(5), clock);
    EXPECT_THAT(TakeLines(), HasSubstr("agree again"));
    EXPECT_EQ(clock.Now(), machine_.Now());
  }
}

TEST_F(SlewedClockTest, AMachineWithoutABatteryIsFollowedAtOnce) {
  machine_.StepWall(absl::FromUnixSeconds(12) - machine_.Now());
  const SlewedClock clock(machine_);
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(12));
  machine_.StepWall(absl::FromUnixSeconds(1'790'000'000) - machine_.Now());
  EXPECT_EQ(clock.Now(), machine_.Now());
}

TEST(FakeClock, TimersGoByTheSteadyClock) {
  FakeClock clock;
  bool fired = false;
  clock.After(absl::Minutes(1), [&] { fired = true; });
  clock.StepWall(-absl::Hours(1));
  clock.Advance(absl::Seconds(59));
  EXPECT_FALSE(fired);
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(fired);
}

TEST(TokenBucketTest, FillsWithTimeAndSurvivesAStepBack) {
  const absl::Time start = absl::FromUnixSeconds(1'000'000);
  TokenBucket bucket(60, 5, start);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.Take(start));
  EXPECT_FALSE(bucket.Take(start));
  EXPECT_EQ(bucket.NextToken(start), start + absl::Seconds(1) + absl::Milliseconds(1));
  EXPECT_TRUE(bucket.Take(start + absl::Seconds(1)));
  const absl::Time back = start - absl::Hours(1);
  EXPECT_FALSE(bucket.Take(back));
  EXPECT_TRUE(bucket.Take(back + absl::Seconds(1))) << "not an hour later";
}

TEST(ThrottleTest, AFloodBecomesAFewLinesWithTheirNumber) {
  log::Throttle throttle(/*per_minute=*/6, /*burst=*/2);
  absl::Duration now = absl::Hours(5);
  EXPECT_EQ(throttle.Admit(now), 0u);
  EXPECT_EQ(throttle.Admit(now), 0u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(throttle.Admit(now), std::nullopt);
  now += absl::Seconds(10);
  EXPECT_EQ(throttle.Admit(now), 1000u);
  EXPECT_EQ(throttle.Admit(now), std::nullopt);
}

}  // namespace
}  // namespace muster
