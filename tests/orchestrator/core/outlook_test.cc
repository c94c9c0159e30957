// Until when somebody can come in, as doctor and the orchestrator's own check warn of it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "orchestrator/core/operators/rights.h"

namespace muster::core {
namespace {

TEST(OutlookTest, IsOfThoseWhoCanComeIn) {
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  const auto of = [&](const std::string& serial, store::OperatorRole role, absl::Duration left) {
    store::Operator op{.id = OperatorId(serial), .name = serial, .role = role};
    op.certificates = {{.id = CertificateId(serial), .not_after = now + left}};
    return op;
  };
  using enum store::OperatorRole;
  std::vector<store::Operator> operators;
  EXPECT_EQ(LookAtAdmins(operators, now).usable, 0);
  EXPECT_EQ(LookAtAdmins(operators, now).last_end, absl::InfinitePast());
  operators.push_back(of("viewer", kViewer, absl::Hours(9000)));
  operators.push_back(of("tenant", kTenantAdmin, absl::Hours(9000)));
  operators.push_back(of("ended", kProviderAdmin, -absl::Minutes(1)));
  EXPECT_EQ(LookAtAdmins(operators, now).usable, 0);
  operators.push_back(of("soon", kProviderAdmin, absl::Hours(1)));
  operators.push_back(of("late", kProviderAdmin, absl::Hours(100)));
  EXPECT_EQ(LookAtAdmins(operators, now).usable, 2);
  EXPECT_EQ(LookAtAdmins(operators, now).last_end, now + absl::Hours(100));
  operators.back().revoke_time = now;
  EXPECT_EQ(LookAtAdmins(operators, now).usable, 1);
  EXPECT_EQ(LookAtAdmins(operators, now).last_end, now + absl::Hours(1));
}

}  // namespace
}  // namespace muster::core
