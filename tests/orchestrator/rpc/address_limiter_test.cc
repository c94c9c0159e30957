#include "orchestrator/rpc/worker/address_limiter.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace muster::rpc {
namespace {

TEST(AddressLimiterTest, BurstThenRatePerAddress) {
  AddressLimiter limiter(/*per_minute=*/60, /*burst=*/3);
  absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Allow("10.0.0.7", now));
  EXPECT_FALSE(limiter.Allow("10.0.0.7", now));
  EXPECT_TRUE(limiter.Allow("10.0.0.8", now)) << "another address has a bucket of its own";
  now += absl::Seconds(1);
  EXPECT_TRUE(limiter.Allow("10.0.0.7", now));
  EXPECT_FALSE(limiter.Allow("10.0.0.7", now));
  now += absl::Hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Allow("10.0.0.7", now));
  EXPECT_FALSE(limiter.Allow("10.0.0.7", now)) << "a long silence does not save up more";
}

TEST(AddressLimiterTest, AClockSetBackDoesNotRefill) {
  AddressLimiter limiter(60, 1);
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_TRUE(limiter.Allow("a", now));
  EXPECT_FALSE(limiter.Allow("a", now - absl::Hours(1)));
}

TEST(AddressLimiterTest, ManyAddressesShareWhatIsLeft) {
  AddressLimiter limiter(60, 2);
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  for (size_t i = 0; i < AddressLimiter::kMaxAddresses; ++i) {
    ASSERT_TRUE(limiter.Allow(absl::StrCat("10.", i), now));
  }
  EXPECT_TRUE(limiter.Allow("new-1", now));
  EXPECT_TRUE(limiter.Allow("new-2", now));
  EXPECT_FALSE(limiter.Allow("new-3", now));
  EXPECT_TRUE(limiter.Allow("10.1", now)) << "known addresses keep their own";
}

}  // namespace
}  // namespace muster::rpc
