// What a flood left in the heap goes back to the system, and a heap that is in use is left alone.
#include "orchestrator/app/memory_return.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace muster::app {
namespace {

constexpr int64_t kMiB = 1 << 20;

class ReturnsAtOnce final : public Executor {
 public:
  void Run(absl::AnyInvocable<void()> task) override { task(); }
};

class MemoryReturnTest : public testing::Test {
 protected:
  void SetUp() override { memory_.Start(); }

  FakeClock clock_;
  ReturnsAtOnce pool_;
  int64_t used_ = 50 * kMiB;
  int64_t free_ = 0;
  int returned_ = 0;
  MemoryReturn memory_{{.resident = [this] { return used_ + free_; },
                        .give_back =
                            [this] {
                              ++returned_;
                              free_ = 0;
                            }},
                       clock_,
                       pool_,
                       clock_};
};

TEST_F(MemoryReturnTest, WhatIsFreedIsGoneWithinSeconds) {
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(returned_, 0);
  used_ += 500 * kMiB;
  clock_.Advance(absl::Seconds(5));
  free_ = 500 * kMiB;
  used_ -= 500 * kMiB;
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(free_, 0);
}

TEST_F(MemoryReturnTest, AHeapThatIsInUseIsLookedAtOnceAMinute) {
  used_ += 500 * kMiB;
  clock_.Advance(absl::Minutes(10));
  const int before = returned_;
  EXPECT_LE(before, 20);
  clock_.Advance(absl::Minutes(10));
  EXPECT_LE(returned_ - before, 10);
  // Another flood does not wait for that minute.
  free_ = 300 * kMiB;
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(free_, 0);
}

TEST_F(MemoryReturnTest, ALittleMoreIsNoReason) {
  free_ = 20 * kMiB;
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(returned_, 0);
}

}  // namespace
}  // namespace muster::app
