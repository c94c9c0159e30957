#include "orchestrator/core/report/coverage.h"

#include <gtest/gtest.h>

namespace muster::core {
namespace {

TEST(CoverageTest, IsTheShareOfAllServersThatIsProven) {
  const ZoneId prod("acme/prod");
  const ZoneId empty("acme/empty");
  auto zones = CoverageByZone({{prod, store::Enrollment::kEnrolled, 3},
                               {prod, store::Enrollment::kFailed, 1},
                               {empty, store::Enrollment::kEnrolled, 0}},
                              {{prod, 2, absl::FromUnixSeconds(7)}});
  EXPECT_EQ(zones[prod].servers, 4);
  EXPECT_EQ(zones[prod].Share(), 0.5);
  EXPECT_EQ(zones[prod].oldest_proof, absl::FromUnixSeconds(7));
  EXPECT_FALSE(zones[prod].IsBelow(50));
  EXPECT_TRUE(zones[prod].IsBelow(51));
  EXPECT_EQ(zones[empty].Share(), std::nullopt);
  EXPECT_FALSE(zones[empty].IsBelow(100)) << "who has no servers lacks none";
}

}  // namespace
}  // namespace muster::core
