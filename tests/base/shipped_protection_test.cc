// The protections of what is shipped: the environment takes none away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "absl/strings/string_view.h"
#include "base/protection.h"
#include "base/redact.h"

namespace muster {
namespace {

TEST(ShippedProtection, NothingTurnsItOff) {
  ASSERT_EQ(setenv("MUSTER_TEST_WITHOUT", "redaction,tenants-wall,service-trust", 1), 0);
  EXPECT_FALSE(IsTurnedOff(Protection::kRedaction));
  EXPECT_FALSE(IsTurnedOff(Protection::kTenantsWall));
  EXPECT_FALSE(IsTurnedOff(Protection::kServiceTrust));
  const absl::string_view secrets[] = {"hunter2-swordfish"};
  EXPECT_EQ(Redact("no hunter2-swordfish here", secrets), "no [redacted] here");
}

}  // namespace
}  // namespace muster
