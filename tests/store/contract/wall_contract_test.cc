// The tenants' wall inside the store's queries: two tenants with one of everything each, and what
// readers with different walls find. What a wall hides is found as little as what does not exist.
#include <set>

#include "base/failure_code.h"
#include "store/interface/walled_snapshot.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const TenantId kGlobex("globex");

// The ids of one tenant's things.
struct Things {
  explicit Things(const TenantId& owner)
      : tenant(owner),
        zone(absl::StrCat(owner.value(), "/wall")),
        server(absl::StrCat("srv-", owner.value())),
        token(absl::StrCat("tok-", owner.value())),
        rollout(absl::StrCat("rol-", owner.value())) {}
  TenantId tenant;
  ZoneId zone;
  ServerId server;
  TokenId token;
  RolloutId rollout;
};

class WallContract : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    Change([&](Transaction& t) {
      for (const Things& things : {acme_, globex_}) Fill(t, things);
      EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-both"), {}));
      EXPECT_OK(t.audit().Append({.time = At(1), .actor = "system", .subject = "nobody's"}));
    });
  }

  void Fill(Transaction& t, const Things& things) {
    EXPECT_OK(t.tenants().Put({things.tenant, "Name", At(0)}));
    EXPECT_OK(t.zones().Put(MakeZone(things.zone)));
    EXPECT_OK(t.zones().ActivateKey(MakeKey(things.zone, 1)));
    EXPECT_OK(t.zones().PutReading({.zone_id = things.zone, .instances = 7, .try_time = At(1)}));
    EXPECT_OK(t.zones().PutContact({.zone_id = things.zone, .try_time = At(1)}));
    Server server = MakeServer("web", things.zone);
    server.id = things.server;
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.observations().Note(server.id, FailureCode::kClockSkew, "an hour ahead", At(2)));
    EXPECT_OK(t.tokens().Insert({.id = things.token,
                                 .tenant_id = things.tenant,
                                 .zone_id = things.zone,
                                 .secret_hash = things.token.value(),
                                 .create_time = At(1),
                                 .expire_time = At(9)}));
    EXPECT_OK(t.tokens().AddRefusal({.token_id = things.token,
                                     .time = At(1),
                                     .address = "10.0.0.1",
                                     .server_name = "web",
                                     .code = FailureCode::kTokenExpired}));
    Rollout rollout = MakeRollout(things.rollout.value());
    rollout.tenant_id = things.tenant;
    EXPECT_OK(t.rollouts().Insert(rollout, {MakeTarget(rollout.id, server)}));
    const Command command = MakeCommand(absl::StrCat("cmd-", things.tenant.value()), server);
    EXPECT_OK(t.attempts().InsertCommand(command));
    EXPECT_OK(
        t.attempts().Insert(MakeAttempt(absl::StrCat("att-", things.tenant.value()), command)));
    EXPECT_OK(t.audit().Append({.time = At(1),
                                .actor = "system",
                                .subject = server.id.value(),
                                .tenant_id = things.tenant}));
  }

  // What a reader finds of these things when it asks for each by its id.
  static std::set<std::string> FoundById(const WalledSnapshot& view, const Things& things) {
    std::set<std::string> found;
    const auto note = [&found](const char* what, bool is_there) {
      if (is_there) found.insert(what);
    };
    note("tenant", view.FindTenant(things.tenant)->has_value());
    note("zone", view.FindZone(things.zone)->has_value());
    note("key", view.FindActiveKey(things.zone)->has_value());
    note("contact of the hub", !view.ListContacts(things.tenant)->empty());
    note("reading", view.FindReading(things.zone)->has_value());
    note("server", view.FindServer(things.server)->has_value());
    note("server by name", view.FindServerByName(things.zone, "WEB")->has_value());
    note("observation", !view.ListObservations(things.server)->empty());
    note("attempt", !view.ListAttempts(things.server, 0)->empty());
    note("token", view.FindToken(things.token)->has_value());
    note("refusal", !view.ListRefusals(things.token, 0)->empty());
    note("rollout", view.FindRollout(things.rollout)->has_value());
    note("count of targets", view.CountTargets(things.rollout)->total > 0);
    note("target", !view.ListTargets({.rollout_id = things.rollout})->empty());
    note("event", !view.ListAuditEvents({.subject = things.server.value()})->empty());
    // Asked for by what they belong to.
    note("zones of the tenant", !view.ListZones(things.tenant)->empty());
    note("tokens of the zone", !view.ListTokens(things.zone)->empty());
    note("rollouts of the tenant", !view.ListRollouts({.tenant_id = things.tenant})->empty());
    note("servers of the rollout", !view.ListServers({.rollout_id = things.rollout})->empty());
    note("states of the zone",
         !view.ListServerStates({.selection = {.zone_id = things.zone}})->empty());
    note("counts of the tenant",
         !view.CountByEnrollment({.selection = {.tenant_id = things.tenant}})->empty());
    return found;
  }
  static constexpr size_t kKinds = 21;

  static std::vector<std::string> TenantsIn(const WalledSnapshot& view) {
    std::vector<std::string> tenants;
    const auto list = *view.ListTenants();
    for (const Tenant& tenant : list) tenants.push_back(tenant.id.value());
    return tenants;
  }

  const Things acme_{kAcme};
  const Things globex_{kGlobex};
};

TEST_P(WallContract, EverythingIsSeenWithoutOne) {
  const auto snapshot = Read();
  const WalledSnapshot view(*snapshot, TenantWall::Everything());
  EXPECT_THAT(FoundById(view, acme_), SizeIs(kKinds));
  EXPECT_THAT(FoundById(view, globex_), SizeIs(kKinds));
  EXPECT_THAT(TenantsIn(view), ElementsAre("acme", "globex"));
  EXPECT_THAT(*view.ListRollouts({}), SizeIs(3));
  EXPECT_EQ(*view.CountUnfinishedRollouts(), 3);
  EXPECT_THAT(*view.ListAuditEvents({}), SizeIs(3));
  EXPECT_EQ(view.whole(), snapshot.get());
}

TEST_P(WallContract, OneTenantSeesItsOwn) {
  const auto snapshot = Read();
  for (const auto& [mine, theirs] : {std::pair(acme_, globex_), std::pair(globex_, acme_)}) {
    const WalledSnapshot view(*snapshot, TenantWall::Of({mine.tenant}));
    EXPECT_THAT(FoundById(view, mine), SizeIs(kKinds));
    EXPECT_THAT(FoundById(view, theirs), IsEmpty());
    EXPECT_THAT(TenantsIn(view), ElementsAre(mine.tenant.value()));
    EXPECT_THAT(*view.ListTokens(ZoneId()), SizeIs(1));
    EXPECT_THAT(*view.ListServers({}), SizeIs(1));
    EXPECT_THAT(*view.CountByEnrollment({}), SizeIs(1));
    EXPECT_EQ(*view.CountUnfinishedRollouts(), 1);
    // What belongs to no one tenant is the provider's.
    EXPECT_THAT(*view.ListRollouts({}), SizeIs(1));
    EXPECT_EQ(*view.FindRollout(RolloutId("rol-both")), std::nullopt);
    EXPECT_THAT(*view.ListAuditEvents({}), SizeIs(1));
    EXPECT_EQ(view.whole(), nullptr);
  }
}

TEST_P(WallContract, AnEmptyWallAdmitsNothing) {
  const auto snapshot = Read();
  for (const TenantWall& wall : {TenantWall(), TenantWall::Of({}), TenantWall::Of({TenantId()})}) {
    const WalledSnapshot view(*snapshot, wall);
    EXPECT_THAT(FoundById(view, acme_), IsEmpty());
    EXPECT_THAT(FoundById(view, globex_), IsEmpty());
    EXPECT_THAT(TenantsIn(view), IsEmpty());
    EXPECT_THAT(*view.ListZones(TenantId()), IsEmpty());
    EXPECT_THAT(*view.ListTokens(ZoneId()), IsEmpty());
    EXPECT_THAT(*view.ListServers({}), IsEmpty());
    EXPECT_THAT(*view.ListServerStates({}), IsEmpty());
    EXPECT_THAT(*view.CountByEnrollment({}), IsEmpty());
    EXPECT_THAT(*view.ListRollouts({}), IsEmpty());
    EXPECT_EQ(*view.CountUnfinishedRollouts(), 0);
    EXPECT_EQ(*view.FindRollout(RolloutId("rol-both")), std::nullopt);
    EXPECT_THAT(*view.ListAuditEvents({}), IsEmpty());
    EXPECT_EQ(view.whole(), nullptr);
  }
  // Nor do queries that nobody gave one.
  EXPECT_THAT(*snapshot->servers().List({}), IsEmpty());
  EXPECT_THAT(*snapshot->rollouts().List({}), IsEmpty());
  EXPECT_THAT(*snapshot->audit().List(AuditQuery()), IsEmpty());
}

// A tenant that is gone, or never was, is nobody's hole.
TEST_P(WallContract, AWallOfManyAndOfStrangers) {
  const auto snapshot = Read();
  std::vector<TenantId> many = {TenantId("none"), kGlobex, kGlobex, kAcme};
  for (int i = 0; i < 2000; ++i) many.emplace_back(absl::StrCat("tenant-", i));
  const WalledSnapshot both(*snapshot, TenantWall::Of(many));
  EXPECT_THAT(FoundById(both, acme_), SizeIs(kKinds));
  EXPECT_THAT(FoundById(both, globex_), SizeIs(kKinds));
  EXPECT_THAT(*both.ListRollouts({}), SizeIs(2));
  EXPECT_THAT(FoundById(WalledSnapshot(*snapshot, TenantWall::Of({TenantId("none")})), acme_),
              IsEmpty());
}

// A forged cursor tells nothing: neither that a rollout exists nor when it was made.
TEST_P(WallContract, ACursorBehindTheWallIsAsOneThatIsNone) {
  const auto snapshot = Read();
  const WalledSnapshot view(*snapshot, TenantWall::Of({kAcme}));
  EXPECT_THAT(*view.ListRollouts({.before = globex_.rollout}), IsEmpty());
  EXPECT_THAT(*view.ListRollouts({.before = RolloutId("rol-none")}), IsEmpty());
  const WalledSnapshot all(*snapshot, TenantWall::Everything());
  EXPECT_THAT(*all.ListRollouts({.before = RolloutId("rol-globex")}), SizeIs(2));
}

TEST_P(StoreContract, RolloutsAreCountedByTenantAndState) {
  Change([](Transaction& t) {
    for (const char* id : {"rol-1", "rol-2"}) {
      Rollout rollout = MakeRollout(id);
      rollout.tenant_id = kAcme;
      EXPECT_OK(t.rollouts().Insert(rollout, {}));
    }
    EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-3"), {}));
    EXPECT_OK(t.rollouts().Move(RolloutId("rol-2"), RolloutState::kRunning, RolloutState::kPaused,
                                "", std::nullopt));
  });
  const auto counts = [this](const TenantWall& wall) {
    std::vector<std::string> lines;
    const auto all = *Read()->rollouts().CountByState(wall);
    for (const auto& count : all) {
      lines.push_back(
          absl::StrCat(count.tenant_id.value(), " ", ToString(count.state), " ", count.rollouts));
    }
    return lines;
  };
  EXPECT_THAT(counts(TenantWall::Everything()),
              testing::ElementsAre(" running 1", "acme paused 1", "acme running 1"));
  EXPECT_THAT(counts(TenantWall::Of({kAcme})),
              testing::ElementsAre("acme paused 1", "acme running 1"));
  EXPECT_THAT(counts(TenantWall()), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, WallContract, testing::ValuesIn(Implementations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace muster::store
