// Two tenants never share a hub, whatever its addresses look like: what the hub calls itself has the
// last word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "base/failure_code.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/hubs/hub_poller.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"

namespace muster::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Hubs that answer at once, with an empty list and what the test lets them call themselves.
class NamedHubs final : public HubReader {
 public:
  void Read(HubReadRequest request, absl::AnyInvocable<void(HubReadResult)> done) override {
    HubList list;
    list.hub_instance_id = names[request.hub_url];
    tenants[request.hub_url] = request.tenant_id.value();
    done(std::move(list));
  }
  std::map<std::string, std::string> names;    // By hub URL.
  std::map<std::string, std::string> tenants;  // Of the readings, by hub URL.
};

class LastReadings final : public HubListener {
 public:
  absl::Status OnRead(Turn&, const std::vector<ZoneId>& zones,
                      const std::shared_ptr<const IndexedReading>&) override {
    for (const ZoneId& zone : zones) failures[zone].reset();
    return absl::OkStatus();
  }
  absl::Status OnUnread(Turn&, const std::vector<ZoneId>& zones, const Failure& failure,
                        absl::Time) override {
    for (const ZoneId& zone : zones) failures[zone] = failure;
    return absl::OkStatus();
  }
  std::map<ZoneId, std::optional<Failure>> failures;
};

class HubSharingTest : public testing::Test {
 protected:
  HubSharingTest()
      : store_(*store::SqliteStore::Open(
            {.path = dir_ / "test.db", .now = clock_.Now(), .durable = false})),
        control_(*store_, strand_, nullptr, clock_, 4, [](const absl::Status&) {}),
        agenda_(control_, clock_, clock_),
        poller_({}, control_, agenda_, hubs_, zones_) {
    poller_.SetListener(&listener_);
  }
  // A zone of a tenant of its own, or of `tenant`; later ones are registered later.
  ZoneId Zone(const std::string& tenant, const std::string& name, const std::string& url) {
    const ZoneId id(tenant + "/" + name);
    clock_.Advance(absl::Minutes(1));
    Put(tenant, id, url, clock_.Now());
    return id;
  }
  void Put(const std::string& tenant, const ZoneId& id, const std::string& url, absl::Time time) {
    control_.PostFirm([&](Turn& turn) -> absl::Status {
      EXPECT_TRUE(turn.store().tenants().Put({TenantId(tenant), tenant, time}).ok());
      store::Zone zone;
      zone.id = id;
      zone.tenant_id = TenantId(tenant);
      zone.hub_url = url;
      zone.create_time = time;
      zone.verifier.principal = tenant;
      EXPECT_TRUE(turn.store().zones().Put(zone).ok());
      return absl::OkStatus();
    });
    strand_.RunUntilIdle();
    zones_.Clear();
  }
  // Their zones: that of acme at https://a.example, later that of bolt at `other`; both addresses
  // lead to a hub that calls itself id-1.
  std::pair<ZoneId, ZoneId> TwoTenantsAtOneHub(const std::string& other) {
    const ZoneId first = Zone("acme", "prod", "https://a.example");
    const ZoneId second = Zone("bolt", "prod", other);
    hubs_.names = {{"https://a.example", "id-1"}, {other, "id-1"}};
    return {first, second};
  }
  // The failure of a reading now; none when it was read.
  std::optional<Failure> Read(const ZoneId& zone) {
    listener_.failures[zone] = Failure{FailureCode::kHubError, "no reading"};
    control_.PostFirm([&](Turn& turn) { return poller_.ReadNow(turn, zone); });
    strand_.RunUntilIdle();
    return listener_.failures[zone];
  }
  bool IsShared(const ZoneId& zone) {
    const std::optional<Failure> failure = Read(zone);
    return failure.has_value() && failure->code == FailureCode::kHubShared;
  }
  bool IsRead(const ZoneId& zone) { return !Read(zone).has_value(); }

  sql::TempDir dir_;
  FakeClock clock_;
  ManualStrand strand_;
  std::unique_ptr<store::Store> store_;
  TurnControl control_;
  Agenda agenda_;
  NamedHubs hubs_;
  ZoneTable zones_;
  LastReadings listener_;
  HubPoller poller_;
};

TEST_F(HubSharingTest, ReadingsNameTheirTenant) {
  const ZoneId zone = Zone("acme", "prod", "https://a.example");
  EXPECT_TRUE(IsRead(zone));
  EXPECT_EQ(hubs_.tenants["https://a.example"], "acme");
}

// Remedy walked: E-HUB-SHARED
TEST_F(HubSharingTest, TheLaterZoneIsRefusedUntilItHasAHubOfItsOwn) {
  const auto [first, second] = TwoTenantsAtOneHub("https://alias.example");
  EXPECT_TRUE(IsRead(first));
  EXPECT_TRUE(IsShared(second));
  // Neither is the other tenant named to this one.
  EXPECT_THAT(Read(second)->detail, HasSubstr("https://alias.example calls itself id-1"));
  EXPECT_THAT(Read(second)->detail, Not(HasSubstr("acme")));
  EXPECT_TRUE(IsRead(first));
  // Its hub_url is corrected.
  hubs_.names["https://b.example"] = "id-2";
  Put("bolt", second, "https://b.example", clock_.Now());
  EXPECT_TRUE(IsRead(second));
  EXPECT_TRUE(IsRead(first));
}

TEST_F(HubSharingTest, ACopyThatGetsAnIdentityOfItsOwnIsRead) {
  const auto [first, second] = TwoTenantsAtOneHub("https://copy.example");
  EXPECT_TRUE(IsRead(first));
  EXPECT_TRUE(IsShared(second));
  hubs_.names["https://copy.example"] = "id-2";
  EXPECT_TRUE(IsRead(second));
}

// Whatever was read first: after a restart it is chance.
TEST_F(HubSharingTest, TheOrderOfReadingsDecidesNothing) {
  const auto [first, second] = TwoTenantsAtOneHub("https://alias.example");
  EXPECT_TRUE(IsRead(second));  // Nobody else is known to have it.
  EXPECT_TRUE(IsRead(first));
  EXPECT_TRUE(IsShared(second));
}

TEST_F(HubSharingTest, WhoGoesMakesWay) {
  const auto [first, second] = TwoTenantsAtOneHub("https://alias.example");
  EXPECT_TRUE(IsRead(first));
  EXPECT_TRUE(IsShared(second));
  poller_.Forget(first);
  EXPECT_TRUE(IsRead(second));
}

TEST_F(HubSharingTest, ATenantMayUseItsHubForManyZonesAndManyAddresses) {
  const ZoneId prod = Zone("acme", "prod", "https://a.example");
  const ZoneId test = Zone("acme", "test", "https://alias.example");
  hubs_.names = {{"https://a.example", "id-1"}, {"https://alias.example", "id-1"}};
  EXPECT_TRUE(IsRead(prod));
  EXPECT_TRUE(IsRead(test));
}

TEST_F(HubSharingTest, HubsThatDoNotTellAreReadAsEver) {
  const ZoneId first = Zone("acme", "prod", "https://a.example");
  const ZoneId second = Zone("bolt", "prod", "https://b.example");
  EXPECT_TRUE(IsRead(first));
  EXPECT_TRUE(IsRead(second));
}

}  // namespace
}  // namespace muster::core
