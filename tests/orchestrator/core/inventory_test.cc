// Tenants, zones, keys and servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class InventoryTest : public CoreBench {
 protected:
  InventoryTest() { Build(0); }

  static TenantInput Fleet(const std::string& tenant, const std::string& url,
                           const std::string& secret) {
    TenantInput input;
    input.id = TenantId(tenant);
    ZoneInput& zone = input.zones.emplace_back();
    zone.slug = "prod";
    zone.hub_url = url;
    if (!secret.empty()) zone.joining_key = JoiningKeyInput{"client", Secret::CopyOf(secret)};
    return input;
  }
  absl::StatusOr<std::vector<std::string>> Apply(TenantInput tenant, bool dry_run = false,
                                                 Actor actor = sim::SimWorld::Operator()) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    fleet->push_back(std::move(tenant));
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), actor, std::move(*fleet),
                              dry_run);
    });
  }
  absl::StatusOr<ImportOutcome> Import(std::vector<ServerInput> rows, bool partial = false) {
    return Ask<ImportOutcome>([&](auto done) {
      operations().servers.Call(&ServerOperations::Import, std::move(done), operator_, rows,
                                partial, false);
    });
  }
};

TEST_F(InventoryTest, ApplyingTwiceChangesNothing) {
  EXPECT_THAT(*Apply(Fleet("acme", "https://Acme-Hub/", "s1"), true), SizeIs(3));
  EXPECT_FALSE(world_->Read()->tenants().Find(TenantId("acme"))->has_value()) << "a dry run wrote";
  EXPECT_THAT(*Apply(Fleet("acme", "https://Acme-Hub/", "s1")),
              ElementsAre("create tenant acme", "create zone acme/prod",
                          "set joining key of zone acme/prod"));
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "s1")), IsEmpty());
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "")), IsEmpty()) << "absent: kept";
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "s2")),
              ElementsAre("set joining key of zone acme/prod"));
  const auto key = *world_->Read()->zones().FindActiveKey(ZoneId("acme/prod"));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->version, 2);
}

TEST_F(InventoryTest, TenantsDoNotShareAHub) {
  ASSERT_TRUE(Apply(Fleet("acme", "https://shared", "s")).ok());
  EXPECT_FAILS_WITH(Apply(Fleet("other", "HTTPS://SHARED:443/", "s")), kInventoryConflict);
}

TEST_F(InventoryTest, EveryProblemIsNamedAtOnce) {
  TenantInput bad = Fleet("Not A Slug", "gopher://x", "");
  bad.zones[0].joining_key = JoiningKeyInput{"", Secret::CopyOf("canary-secret")};
  const auto result = Apply(std::move(bad));
  EXPECT_FAILS_WITH(result, kConfigInvalid);
  EXPECT_THAT(std::string(result.status().message()),
              testing::AllOf(HasSubstr("Not A Slug"), HasSubstr("gopher"), HasSubstr("client id"),
                             testing::Not(HasSubstr("canary"))));
}

TEST_F(InventoryTest, TheWallHolds) {
  const Actor foreign{"operator:opr-x", {TenantId("tenant-1")}};
  EXPECT_FAILS_WITH(Apply(Fleet("acme", "https://acme", "s"), false, foreign), kAuthForbidden);
  EXPECT_FAILS_WITH(Ask<store::Zone>([&](auto done) {
                      operations().fleet.Call(&FleetOperations::SetJoiningKey, std::move(done),
                                              foreign, zone_,
                                              JoiningKeyInput{"c", Secret::CopyOf("s")});
                    }),
                    kZoneUnknown);
}

TEST_F(InventoryTest, ImportIsAllOrNothingUnlessPartial) {
  const TenantId tenant("tenant-0");
  std::vector<ServerInput> rows = {{2, tenant, "prod", "WEB-1", {{"site", "a"}}},
                                   {3, tenant, "nowhere", "WEB-2", {}},
                                   {4, tenant, "prod", "web-1", {}},
                                   {5, tenant, "prod", "bad name", {}},
                                   {6, TenantId("none"), "prod", "WEB-3", {}}};
  auto outcome = Import(rows);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->created, 0);
  ASSERT_THAT(outcome->problems, SizeIs(4));
  EXPECT_EQ(outcome->problems[0].line, 3);
  outcome = Import(rows, true);
  EXPECT_EQ(outcome->created, 1);
  EXPECT_THAT(outcome->problems, SizeIs(4));
  rows.resize(1);
  EXPECT_EQ(Import(rows)->unchanged, 1);
  rows[0].labels["site"] = "b";
  EXPECT_EQ(Import(rows)->updated, 1);
}

}  // namespace
}  // namespace muster::core
