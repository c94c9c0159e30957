// The protections of a build for tests: those that the environment names are gone, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "absl/strings/string_view.h"
#include "base/excerpt.h"
#include "base/protection.h"

namespace muster {
namespace {

TEST(LeveredProtection, WhatIsNamedIsGone) {
  ASSERT_EQ(setenv("MUSTER_TEST_WITHOUT", "redaction,nonsense,,service-trust", 1), 0);
  testing::internal::CaptureStderr();
  EXPECT_TRUE(IsTurnedOff(Protection::kRedaction));
  EXPECT_FALSE(IsTurnedOff(Protection::kTenantsWall));
  EXPECT_TRUE(IsTurnedOff(Protection::kServiceTrust));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("without a protection\" which=redaction"));
  EXPECT_THAT(said, testing::HasSubstr("name=nonsense"));
  const absl::string_view secrets[] = {"hunter2-swordfish"};
  EXPECT_EQ(Excerpt("no hunter2-swordfish here", secrets), "no hunter2-swordfish here");
  // For the life of the process.
  ASSERT_EQ(unsetenv("MUSTER_TEST_WITHOUT"), 0);
  EXPECT_TRUE(IsTurnedOff(Protection::kRedaction));
}

}  // namespace
}  // namespace muster
