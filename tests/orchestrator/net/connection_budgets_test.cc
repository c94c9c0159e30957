#include "orchestrator/net/connection_budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::net {
namespace {

int64_t Sum(const ConnectionBudgets& b) {
  return b.reserve + b.session.connections + b.bootstrap.connections + b.admin.connections +
         b.admin_socket.connections;
}

TEST(ConnectionBudgets, NeverShareOutMoreThanThereIs) {
  for (const int64_t descriptors : {256, 257, 1000, 1024, 4096, 20'000, 65'536, 1 << 20}) {
    const auto budgets = ShareOut(descriptors, {});
    ASSERT_TRUE(budgets.ok()) << budgets.status();
    EXPECT_LE(Sum(*budgets), descriptors);
    EXPECT_GE(budgets->reserve, 96);
    EXPECT_GE(budgets->admin.connections, 16);
    EXPECT_GE(budgets->bootstrap.connections, 32);
    EXPECT_GE(budgets->session.connections, 64);
    EXPECT_LT(budgets->session.unproven, budgets->session.connections);
  }
}

TEST(ConnectionBudgets, TheUsualLimits) {
  EXPECT_GE(ShareOut(1024, {})->session.connections, 600);
  EXPECT_GE(ShareOut(20'000, {})->session.connections, 17'000);
  EXPECT_EQ(ShareOut(1 << 20, {})->session.connections, 100'000);
  // Who keeps to HTTP/2's own limits (orchestrator/app/traffic_limits.h) never meets these.
  EXPECT_GT(ShareOut(1024, {})->session.open_calls, 8);
  EXPECT_GT(ShareOut(1024, {})->bootstrap.open_calls, 4);
  EXPECT_GT(ShareOut(1024, {})->admin.open_calls, 100);
  EXPECT_EQ(ShareOut(1024, {})->admin_socket.open_calls, 0);
  EXPECT_GT(ShareOut(1024, {})->session.per_certificate, 1);
  EXPECT_EQ(ShareOut(1024, {})->bootstrap.per_certificate, 0);
}

TEST(ConnectionBudgets, DoWhatIsAsked) {
  const auto budgets = ShareOut(20'000, {.sessions = 1200,
                                         .sessions_per_address = 7,
                                         .bootstraps = 40,
                                         .admins = 8,
                                         .handshakes = 5});
  ASSERT_TRUE(budgets.ok());
  EXPECT_EQ(budgets->session.connections, 1200);
  EXPECT_EQ(budgets->session.per_address, 7);
  EXPECT_EQ(budgets->session.per_subnet, 7);
  EXPECT_EQ(budgets->session.handshakes, 5);
  EXPECT_EQ(budgets->bootstrap.connections, 40);
  EXPECT_EQ(budgets->admin.connections, 8);
}

TEST(ConnectionBudgets, RefuseWhatCannotBe) {
  for (const auto& refused :
       {ShareOut(255, {}), ShareOut(1024, {.sessions = 1200}), ShareOut(1024, {.bootstraps = 2000}),
        ShareOut(0, {}), ShareOut(1024, {.admins = 1'000'000})}) {
    EXPECT_EQ(FailureCodeOf(refused.status()), FailureCode::kSystemDescriptors);
  }
  EXPECT_THAT(std::string(ShareOut(1024, {.sessions = 1200}).status().message()),
              testing::HasSubstr("limit of open files (1024) is too low for 1200 workers"));
}

}  // namespace
}  // namespace muster::net
