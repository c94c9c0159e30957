// Who may read when, and hold how much: ReadGate and ReadBudget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "orchestrator/hub/read_budget.h"
#include "orchestrator/hub/read_gate.h"

namespace muster::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReadGateTest : public ::testing::Test {
 protected:
  void Enter(const std::string& tenant, const std::string& name) {
    gate_.Enter(TenantId(tenant), [this, name] { begun_.push_back(name); });
  }
  void Leave(const std::string& tenant) { gate_.Leave(TenantId(tenant)); }
  std::vector<std::string> Begun() { return std::exchange(begun_, {}); }

  ReadGate gate_{2, 5};
  std::vector<std::string> begun_;
};

TEST_F(ReadGateTest, ATenantWaitsForItself) {
  for (int i = 0; i < 4; ++i) Enter("a", absl::StrCat("a", i));
  EXPECT_THAT(Begun(), ElementsAre("a0", "a1"));
  Enter("b", "b0");
  EXPECT_THAT(Begun(), ElementsAre("b0"));
  Leave("a");
  EXPECT_THAT(Begun(), ElementsAre("a2"));
  Leave("b");
  EXPECT_THAT(Begun(), IsEmpty());
  Leave("a");
  EXPECT_THAT(Begun(), ElementsAre("a3"));
}

TEST_F(ReadGateTest, TenantsTakeTurnsWhereAllIsFull) {
  for (const char* tenant : {"a", "b", "c"}) {
    for (int i = 0; i < 3; ++i) Enter(tenant, absl::StrCat(tenant, i));
  }
  EXPECT_THAT(Begun(), ElementsAre("a0", "a1", "b0", "b1", "c0"));
  Enter("d", "d0");
  Leave("a");
  EXPECT_THAT(Begun(), ElementsAre("d0"));
  Leave("d");
  EXPECT_THAT(Begun(), ElementsAre("a2"));
  Leave("a");
  EXPECT_THAT(Begun(), ElementsAre("c1"));  // It is b's turn, but b has all it may.
  Leave("b");
  EXPECT_THAT(Begun(), ElementsAre("b2"));
}

TEST_F(ReadGateTest, ManyThatEndAtOnceNeedNoStack) {
  int ended = 0;
  Enter("a", "hangs");
  Enter("a", "hangs, too");
  for (int i = 0; i < 100'000; ++i) {
    gate_.Enter(TenantId("a"), [&] {
      ++ended;
      gate_.Leave(TenantId("a"));
    });
  }
  EXPECT_EQ(ended, 0);
  Leave("a");
  EXPECT_EQ(ended, 100'000);
}

TEST(ReadBudgetTest, HoldsATenantToItsPart) {
  ReadBudget budget(100, 1000);
  ReadBudget::Share one(budget, TenantId("a"));
  EXPECT_TRUE(one.Take(60));
  {
    ReadBudget::Share two(budget, TenantId("a"));
    EXPECT_TRUE(two.Take(40));
    EXPECT_FALSE(one.Take(1));
    EXPECT_THAT(one.refusal(), HasSubstr("this tenant's hubs"));
    ReadBudget::Share other(budget, TenantId("b"));
    EXPECT_TRUE(other.Take(100));
    EXPECT_EQ(budget.held(), 200u);
  }
  EXPECT_EQ(budget.held(), 60u);
  ReadBudget::Share three(budget, TenantId("a"));
  EXPECT_TRUE(three.Take(40));
  EXPECT_EQ(budget.peak(), 200u);
}

TEST(ReadBudgetTest, WhoHoldsMostGivesWay) {
  ReadBudget budget(100, 250);
  auto greedy = std::make_unique<ReadBudget::Share>(budget, TenantId("greedy"));
  ReadBudget::Share second(budget, TenantId("second"));
  ReadBudget::Share small(budget, TenantId("small"));
  ASSERT_TRUE(greedy->Take(100));
  ASSERT_TRUE(second.Take(90));
  ASSERT_TRUE(small.Take(50));
  EXPECT_TRUE(small.Take(20));  // Beyond the limit, but it is not small's doing.
  EXPECT_FALSE(greedy->Take(0));
  EXPECT_THAT(greedy->refusal(), HasSubstr("had to give way"));
  greedy.reset();
  // What gave way begins anew.
  ReadBudget::Share again(budget, TenantId("greedy"));
  EXPECT_TRUE(again.Take(50));
  EXPECT_EQ(budget.held(), 210u);
}

TEST(ReadBudgetTest, WhoHoldsMostAndAsksIsRefused) {
  ReadBudget budget(200, 250);
  ReadBudget::Share most(budget, TenantId("most"));
  ReadBudget::Share small(budget, TenantId("small"));
  ASSERT_TRUE(most.Take(150));
  ASSERT_TRUE(small.Take(60));
  EXPECT_FALSE(most.Take(45));
  EXPECT_TRUE(small.Take(30));
}

// One that gives way but whose hub has stopped sending gives nothing back yet: even so there is an
// end to what all hold.
TEST(ReadBudgetTest, ThereIsAnEnd) {
  ReadBudget budget(100, 250);
  std::vector<std::unique_ptr<ReadBudget::Share>> shares;
  for (int tenant = 0; tenant < 20; ++tenant) {
    shares.push_back(
        std::make_unique<ReadBudget::Share>(budget, TenantId(absl::StrCat("t", tenant))));
    while (shares.back()->Take(10)) {
    }
  }
  EXPECT_LE(budget.peak(), 350u);
  shares.clear();
  EXPECT_EQ(budget.held(), 0u);
  ReadBudget::Share fresh(budget, TenantId("t0"));
  EXPECT_TRUE(fresh.Take(100));
}

}  // namespace
}  // namespace muster::hub
