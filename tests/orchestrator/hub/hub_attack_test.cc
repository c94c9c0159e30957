// What a tenant's hostile hubs cost the others, over real sockets: servers that hang, and servers
// whose answers never end in one way or another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/orchestrator/hub/attacked_reader.h"

namespace muster::hub {
namespace {

using ::testing::HasSubstr;
using Readings = std::vector<std::shared_ptr<AttackedReader::Reading>>;

TEST(HubAttackTest, HangingHubsHoldUpTheirOwnTenantOnly) {
  AttackedReader reader;
  Readings hanging;
  for (int i = 0; i < 9; ++i) hanging.push_back(reader.Read("a", reader.Hanging()));
  http::RawServer& healthy = reader.Healthy(100);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(reader.Read("b", healthy)->list());
  for (const auto& reading : hanging) EXPECT_FALSE(reading->ended());
}

TEST(HubAttackTest, AHubThatHangsIsGivenUpAndTheNextOneRead) {
  AttackedReader reader({.stall_timeout = absl::Seconds(1), .tenant_readings = 1});
  const auto hanging = reader.Read("a", reader.Hanging());
  const auto next = reader.Read("a", reader.Healthy(1));
  ASSERT_TRUE(hanging->failure().has_value());
  EXPECT_EQ(hanging->failure()->code, FailureCode::kHubLimit);
  EXPECT_THAT(hanging->failure()->detail, HasSubstr("too slow"));
  EXPECT_TRUE(next->list());
}

TEST(HubAttackTest, EndlessListsTakeTheirTenantsPartOfTheMemoryOnly) {
  constexpr size_t kPart = 4 << 20;
  AttackedReader reader({.tenant_bytes = kPart});
  Readings endless;
  for (int i = 0; i < 8; ++i) endless.push_back(reader.Read("a", reader.EndlessList()));
  http::RawServer& healthy = reader.Healthy(1000);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(reader.Read("b", healthy)->list());
  for (const auto& reading : endless) {
    ASSERT_TRUE(reading->failure().has_value());
    EXPECT_EQ(reading->failure()->code, FailureCode::kHubLimit);
    EXPECT_THAT(reading->failure()->detail, HasSubstr("this tenant's hubs"));
  }
  EXPECT_GT(reader.budget().peak(), kPart / 2);
  EXPECT_LT(reader.budget().peak(), kPart + (2 << 20));
  EXPECT_EQ(reader.budget().held(), 0u);
}

// Each kind of "without end" meets a limit of its own.
TEST(HubAttackTest, WhateverHasNoEndIsEnded) {
  struct Row {
    std::string begin;
    std::string more;
    const char* limit;
  };
  const std::string much(1000, 'x');
  const Row rows[] = {
      {"[{\"id\":\"", much, "one record of the list is larger than"},
      {"[", std::string(1000, '['), "one record of the list is larger than"},
      {"[", std::string(1000, ' '), "one record of the list is larger than"},
      {"[{\"x\":[1", std::string(1000, '1'), "one record of the list is larger than"},
      {"[0", std::string(1000, ','), "no JSON from byte"},
      {"", much, "no JSON from byte"},
      {"<html>", much, "HTML"},
  };
  AttackedReader reader;
  Readings readings;
  for (const Row& row : rows) {
    readings.push_back(
        reader.Read(absl::StrCat("t", readings.size()), reader.Endless(row.begin, row.more)));
  }
  for (size_t i = 0; i < readings.size(); ++i) {
    ASSERT_TRUE(readings[i]->failure().has_value()) << i;
    EXPECT_THAT(readings[i]->failure()->detail, HasSubstr(rows[i].limit)) << i;
  }
}

TEST(HubAttackTest, ThousandsThatWaitAreEndedByTheStop) {
  AttackedReader reader({.tenant_readings = 2});
  http::RawServer& hanging = reader.Hanging();
  Readings readings;
  for (int i = 0; i < 3000; ++i) readings.push_back(reader.Read("a", hanging));
  reader.Stop();
  for (const auto& reading : readings) EXPECT_TRUE(reading->failure().has_value());
}

}  // namespace
}  // namespace muster::hub
