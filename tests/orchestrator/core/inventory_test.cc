// Tenants, zones, keys and servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/core/inventory/look_alikes.h"
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
  absl::StatusOr<std::vector<std::string>> Apply(TenantInput tenant, ApplyChoices choices = {},
                                                 Actor actor = sim::SimWorld::Operator()) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    fleet->push_back(std::move(tenant));
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), actor, std::move(*fleet),
                              choices);
    });
  }
  absl::StatusOr<ImportOutcome> Import(std::vector<ServerInput> rows, bool partial = false) {
    return Ask<ImportOutcome>([&](auto done) {
      operations().servers.Call(&ServerOperations::Import, std::move(done), operator_, rows,
                                partial, false);
    });
  }
};

constexpr ApplyChoices kDryRun{.dry_run = true};
constexpr ApplyChoices kReplaceKeys{.replace_keys = true};
constexpr ApplyChoices kReplaceHub{.replace_hub = true};

TEST_F(InventoryTest, ApplyingTwiceChangesNothing) {
  EXPECT_THAT(*Apply(Fleet("acme", "https://Acme-Hub/", "s1"), kDryRun), SizeIs(3));
  EXPECT_FALSE(world_->Read()->tenants().Find(TenantId("acme"))->has_value()) << "a dry run wrote";
  EXPECT_THAT(*Apply(Fleet("acme", "https://Acme-Hub/", "s1")),
              ElementsAre("create tenant acme", "create zone acme/prod",
                          "set joining key of zone acme/prod: client id client"));
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "s1")), IsEmpty());
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "")), IsEmpty()) << "absent: kept";
}

TEST_F(InventoryTest, AHubIsWhereAMachineCanBe) {
  for (const char* nowhere : {"https://0.0.0.0", "https://[::]:8443/x", "https://239.1.2.3",
                              "https://[ff02::1]", "https://255.255.255.255", "https://0"}) {
    const auto refused = Apply(Fleet("acme", nowhere, "s1"), kDryRun);
    ASSERT_FALSE(refused.ok()) << nowhere;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("no hub is there; it is"));
  }
}

// Remedy walked: E-KEY-REPLACE
TEST_F(InventoryTest, AKeyIsReplacedOnlyWhenAsked) {
  ASSERT_TRUE(Apply(Fleet("acme", "https://acme-hub", "old")).ok());
  ASSERT_TRUE(Ask<store::Zone>([&](auto done) {
                operations().fleet.Call(&FleetOperations::SetJoiningKey, std::move(done), operator_,
                                        ZoneId("acme/prod"),
                                        JoiningKeyInput{"client-2", Secret::CopyOf("new")});
              }).ok());
  // The file is older than the key.
  const auto version = [&] {
    return (*world_->Read()->zones().FindActiveKey(ZoneId("acme/prod")))->version;
  };
  const auto refused = Apply(Fleet("acme", "https://acme-hub", "old"));
  EXPECT_FAILS_WITH(refused, kKeyReplace);
  EXPECT_THAT(std::string(refused.status().message()),
              testing::AllOf(HasSubstr("client id client-2 → client"),
                             HasSubstr("version 1, replaced since by version 2"),
                             HasSubstr("--replace-keys")));
  EXPECT_EQ(version(), 2);
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "old"), kDryRun),
              ElementsAre(HasSubstr("client id client-2 → client")));
  EXPECT_EQ(version(), 2);
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "old"), kReplaceKeys), SizeIs(1));
  EXPECT_EQ(version(), 3);
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "old"), kReplaceKeys), IsEmpty());
  TenantInput other_secret = Fleet("acme", "https://acme-hub", "other");
  EXPECT_THAT(*Apply(std::move(other_secret), kDryRun),
              ElementsAre(HasSubstr("client id client, another secret")));
}

TEST_F(InventoryTest, AVerifierIsReplacedOnlyWhenAskedAndCanBeTakenAway) {
  const auto fleet = [](store::VerifierKind kind, const char* principal, const char* secret) {
    TenantInput input = Fleet("acme", "https://acme-hub", "");
    input.zones[0].verifier = VerifierInput{kind, principal, Secret::CopyOf(secret)};
    return input;
  };
  using store::VerifierKind;
  ASSERT_TRUE(Apply(fleet(VerifierKind::kApiToken, "a", "s")).ok());
  EXPECT_THAT(*Apply(fleet(VerifierKind::kApiToken, "a", "s")), IsEmpty());
  EXPECT_FAILS_WITH(Apply(fleet(VerifierKind::kLogin, "b", "s")), kKeyReplace);
  EXPECT_FAILS_WITH(Apply(fleet(VerifierKind::kApiToken, "a", "t")), kKeyReplace);
  EXPECT_FAILS_WITH(Apply(fleet(VerifierKind::kNone, "", "")), kKeyReplace);
  EXPECT_THAT(*Apply(fleet(VerifierKind::kLogin, "b", "t"), kReplaceKeys),
              ElementsAre(HasSubstr("verifier API token a → login b")));
  EXPECT_THAT(*Apply(fleet(VerifierKind::kNone, "", ""), kReplaceKeys), SizeIs(1));
  EXPECT_EQ((*world_->Read()->zones().Find(ZoneId("acme/prod")))->verifier.kind,
            VerifierKind::kNone);
  EXPECT_THAT(*Apply(fleet(VerifierKind::kLogin, "b", "t")), SizeIs(1)) << "none was stored";
}

TEST_F(InventoryTest, AZonesServiceAccountIsAnAccountOfItsOwn) {
  for (const char* account : {"root", "0", "nobody", "65534", "-u", "a b", "a\nb", "caf\xc3\xa9",
                              "4294967295", "a:b", "a/b"}) {
    TenantInput fleet = Fleet("acme", "https://acme-hub", "");
    fleet.zones[0].service_account = account;
    const auto applied = Apply(std::move(fleet));
    EXPECT_EQ(FailureCodeOf(applied.status()), FailureCode::kConfigInvalid) << account;
    EXPECT_THAT(std::string(applied.status().message()), HasSubstr("service_account must"));
  }
  for (const char* account :
       {"certify", "_certify", "999", "svc-certify.prod", "gmsa$", "a@corp"}) {
    TenantInput fleet = Fleet("acme", "https://acme-hub", "");
    fleet.zones[0].service_account = account;
    EXPECT_TRUE(Apply(std::move(fleet)).ok()) << account;
  }
  TenantInput fleet = Fleet("acme", "https://acme-hub", "");
  fleet.zones[0].service_account = "";
  EXPECT_THAT(*Apply(std::move(fleet)), ElementsAre(HasSubstr("service_account a@corp → none")));
}

// With another master key the sealed key does not open: it is still known to be the same or not.
TEST_F(InventoryTest, KeysAreComparedWithoutOpeningThem) {
  ASSERT_TRUE(Apply(Fleet("acme", "https://acme-hub", "s")).ok());
  world_->vault().locked = true;
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "s")), IsEmpty());
}

TEST_F(InventoryTest, WhatAFileDoesNotNameIsKeptAndWhatIsEmptyIsCleared) {
  TenantInput full = Fleet("acme", "https://acme-hub", "");
  full.display_name = "Acme";
  full.zones[0].display_name = "Production";
  full.zones[0].hub_ca_pem = "pem";
  full.zones[0].max_concurrent_joins = 7;
  full.zones[0].allow_cli_join = true;
  full.zones[0].service_account = "certify";
  ASSERT_TRUE(Apply(std::move(full)).ok());
  EXPECT_THAT(*Apply(Fleet("acme", "https://acme-hub", "")), IsEmpty());
  const store::Zone zone = **world_->Read()->zones().Find(ZoneId("acme/prod"));
  EXPECT_EQ(zone.max_concurrent_joins, 7);
  EXPECT_EQ(zone.hub_ca_pem, "pem");
  EXPECT_TRUE(zone.allow_cli_join);
  EXPECT_EQ(zone.service_account, "certify");
  TenantInput cleared = Fleet("acme", "https://acme-hub", "");
  cleared.display_name = "";
  cleared.zones[0].display_name = "";
  cleared.zones[0].hub_ca_pem = "";
  cleared.zones[0].max_concurrent_joins = 0;
  cleared.zones[0].allow_cli_join = false;
  EXPECT_THAT(*Apply(std::move(cleared)), SizeIs(2));
  const store::Zone after = **world_->Read()->zones().Find(ZoneId("acme/prod"));
  EXPECT_EQ(after.hub_ca_pem, "");
  EXPECT_EQ(after.max_concurrent_joins, CoreOptions().default_max_concurrent_joins);
}

TEST_F(InventoryTest, TenantsDoNotShareAHub) {
  ASSERT_TRUE(Apply(Fleet("acme", "https://shared", "s")).ok());
  for (const char* same : {"HTTPS://SHARED:443/", "https://shared./", "http://shared",
                           "https://%73hared", "https://shared/./"}) {
    EXPECT_FAILS_WITH(Apply(Fleet("other", same, "s")), kInventoryConflict);
  }
  ASSERT_TRUE(Apply(Fleet("local", "https://127.31.258:8443", "s")).ok());
  EXPECT_FAILS_WITH(Apply(Fleet("other", "https://0x7f.31.1.2:8443", "s")), kInventoryConflict);
  EXPECT_TRUE(Apply(Fleet("other", "https://shared/prefix", "s")).ok()) << "another place";
}

TEST_F(InventoryTest, AHubIsReplacedOnlyWhenAskedAndThenNothingIsProven) {
  Build(4);  // Two in each of two tenants.
  ASSERT_TRUE(Finishes(Start()->id, absl::Minutes(10)));
  const auto enrolled = [&] {
    store::ServerQuery query{.wall = store::TenantWall::Everything()};
    query.selection.zone_id = zone_;
    query.enrollments = {store::Enrollment::kEnrolled};
    return world_->Read()->servers().List(query)->size();
  };
  ASSERT_EQ(enrolled(), 2u);
  const auto refused = Apply(Fleet("tenant-0", "https://other-hub", ""));
  EXPECT_FAILS_WITH(refused, kZoneHubChange);
  EXPECT_THAT(std::string(refused.status().message()),
              testing::AllOf(HasSubstr("→ https://other-hub"), HasSubstr("2 workers"),
                             HasSubstr("2 enrolled servers"), HasSubstr("--replace-hub")));
  EXPECT_EQ(enrolled(), 2u);
  const int64_t pin_before = (**world_->Read()->zones().Find(zone_)).pin_version;
  EXPECT_TRUE(Apply(Fleet("tenant-0", "https://other-hub", ""), kReplaceHub).ok());
  const store::Zone zone = **world_->Read()->zones().Find(zone_);
  EXPECT_EQ(zone.hub_url, "https://other-hub");
  EXPECT_GT(zone.pin_version, pin_before);
  EXPECT_EQ(enrolled(), 0u);
  store::ServerQuery query{.wall = store::TenantWall::Everything()};
  query.selection.zone_id = zone_;
  const std::vector<store::Server> servers = *world_->Read()->servers().List(query);
  for (const store::Server& server : servers) {
    EXPECT_EQ(server.enrollment, store::Enrollment::kDegraded);
    EXPECT_EQ(server.failure->code, FailureCode::kVerifyHubChanged);
    EXPECT_FALSE(server.proof.has_value());
    EXPECT_FALSE(server.claim.has_value());
  }
  EXPECT_FALSE(world_->Read()->zones().FindReading(zone_)->has_value());
  EXPECT_THAT(*Apply(Fleet("tenant-0", "https://other-hub.", ""), kReplaceHub), IsEmpty());
}

TEST_F(InventoryTest, AHubIsNotReplacedWhileServersJoin) {
  Build(4);
  ASSERT_TRUE(Start().ok());
  world_->RunFor(absl::Seconds(1));
  EXPECT_FAILS_WITH(Apply(Fleet("tenant-0", "https://other-hub", ""), kReplaceHub),
                    kRolloutTargetBusy);
}

TEST_F(InventoryTest, ANameThatLooksLikeAnotherIsTakenWithAWarning) {
  const TenantId tenant("tenant-0");
  ASSERT_THAT(Import({{2, tenant, "prod", "DB-01", {}}})->hints, IsEmpty());
  const auto outcome = Import({{2, tenant, "prod", "db-O1", {}},
                               {3, tenant, "prod", "corner", {}},
                               {4, tenant, "prod", "comer", {}},
                               {5, tenant, "prod", "db-02", {}}});
  EXPECT_EQ(outcome->created, 4);
  ASSERT_THAT(outcome->hints, SizeIs(2));
  EXPECT_EQ(outcome->hints[0].line, 2);
  EXPECT_EQ(outcome->hints[0].reason, "db-O1 looks like DB-01 of the same zone");
  EXPECT_EQ(outcome->hints[1].line, 4);
  EXPECT_EQ(outcome->hints[1].reason, "comer looks like corner of the same zone");
  // It is on record, and once: the same row says nothing any more.
  EXPECT_THAT(Import({{2, tenant, "prod", "db-O1", {}}})->hints, IsEmpty());
  const auto snapshot = world_->Read();
  const auto events = *snapshot->audit().List({.wall = store::TenantWall::Everything()});
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const store::AuditEvent& event) {
                            return event.action == "server.create" &&
                                   absl::StrContains(event.detail, "looks like DB-01");
                          }),
            1);
  // A dry run sees what its own rows do to each other, and leaves nothing behind.
  const auto dry = Ask<ImportOutcome>([&](auto done) {
    operations().servers.Call(
        &ServerOperations::Import, std::move(done), operator_,
        std::vector<ServerInput>{{2, tenant, "prod", "vveb", {}}, {3, tenant, "prod", "web", {}}},
        false, true);
  });
  ASSERT_THAT(dry->hints, SizeIs(1));
  EXPECT_THAT(Import({{2, tenant, "prod", "web", {}}})->hints, IsEmpty());
  // One that was taken out is nobody's twin.
  const auto taken = *snapshot->servers().FindByName(MakeZoneId(tenant, "prod"), "DB-01");
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Change, std::move(done), operator_,
                                          taken->id,
                                          ServerAction{ServerAction::Kind::kRetire, "", ""});
              }).ok());
  const auto shown = *world_->Read()->servers().FindByName(MakeZoneId(tenant, "prod"), "db-O1");
  EXPECT_THAT(*FindLookAlikes(
                  store::WalledSnapshot(*world_->Read(), store::TenantWall::Of({tenant})), *shown),
              IsEmpty());
}

TEST_F(InventoryTest, ImportKnowsAMachineByAllItsNames) {
  const TenantId tenant("tenant-0");
  ASSERT_EQ(Import({{2, tenant, "prod", "DB-01", {}},
                    {3, tenant, "prod", "mail.corp.example.", {}},
                    {4, tenant, "prod", "B\xC3\x9CRO", {}}})
                ->created,
            3);
  const auto outcome = Import({{2, tenant, "prod", "db-01.corp.example", {}},
                               {3, tenant, "prod", "MAIL", {}},
                               {4, tenant, "prod", "bu\xCC\x88ro.", {}},
                               {5, tenant, "prod", "localhost.localdomain", {}},
                               {6, tenant, "prod", "127.0.0.1", {}},
                               {7, tenant, "prod", "new", {}},
                               {8, tenant, "prod", "NEW.corp.example", {}},
                               {9, tenant, "prod", "debian", {}}},
                              true);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  std::vector<int> lines;
  for (const RowProblem& problem : outcome->problems) lines.push_back(problem.line);
  EXPECT_THAT(lines, ElementsAre(2, 3, 5, 6, 8));
  EXPECT_THAT(outcome->problems[0].reason, HasSubstr("muster server rename tenant-0/prod/DB-01"));
  EXPECT_EQ(outcome->unchanged, 1);
  EXPECT_EQ(outcome->created, 2);
  ASSERT_THAT(outcome->hints, SizeIs(1));
  EXPECT_EQ(outcome->hints[0].line, 9);
}

TEST_F(InventoryTest, AWorkerDoesNotEnrollUnderTheOtherFormOfAName) {
  ASSERT_EQ(Import({{2, TenantId("tenant-0"), "prod", "DB-01", {}}})->created, 1);
  TokenInput token;
  token.secret_hash = "hash";
  token.max_uses = 5;
  ASSERT_TRUE(MakeToken(token).ok());
  EXPECT_FAILS_WITH(Bootstrap("hash", "db-01.corp.example", "key"), kInventoryNamesake);
  EXPECT_FAILS_WITH(Bootstrap("hash", "localhost", "key"), kTokenNameNotExpected);
  EXPECT_TRUE(Bootstrap("hash", "db-01.", "key").ok());
}

class ServerLifeTest : public InventoryTest {
 protected:
  using Kind = ServerAction::Kind;
  ServerLifeTest() { Build(4); }  // Two in each of two tenants; web-0 and web-2 are tenant-0's.

  absl::StatusOr<store::Server> Change(const ServerId& server, Kind kind,
                                       const std::string& name = "") {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::Change, std::move(done), operator_, server,
                                ServerAction{kind, "because", name});
    });
  }
  store::Server Now(const ServerId& server) { return **world_->Read()->servers().Find(server); }
  size_t Listed() {
    store::ServerQuery query{.wall = store::TenantWall::Everything()};
    query.selection.zone_id = zone_;
    return world_->Read()->servers().List(query)->size();
  }
};

TEST_F(ServerLifeTest, ARetiredServerOwnsNothingAndCanComeBack) {
  ASSERT_TRUE(Finishes(Start()->id, absl::Minutes(10)));
  const ServerId id = world_->servers()[0];
  ASSERT_EQ(Now(id).enrollment, store::Enrollment::kEnrolled);
  ASSERT_TRUE(Change(id, Kind::kRetire).ok());
  const store::Server retired = Now(id);
  EXPECT_EQ(retired.admission, store::Admission::kRetired);
  EXPECT_EQ(retired.enrollment, store::Enrollment::kDegraded);
  EXPECT_EQ(retired.failure->code, FailureCode::kInventoryRetired);
  EXPECT_FALSE(retired.proof.has_value());
  EXPECT_FALSE(retired.claim.has_value());
  EXPECT_EQ(Listed(), 1u);
  const auto counts = *world_->Read()->servers().CountByEnrollment(
      {.selection = {{}, zone_}, .wall = store::TenantWall::Everything()});
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].servers, 1);
  const auto certificates = world_->Read()->certificates().ListOf(id);
  for (const store::WorkerCertificate& certificate : *certificates) {
    EXPECT_NE(certificate.state, store::CertificateState::kActive);
  }
  world_->RunFor(absl::Minutes(5));  // Its worker tries to come back.
  EXPECT_EQ(Now(id).admission, store::Admission::kRetired);
  EXPECT_FAILS_WITH(Change(id, Kind::kRetire), kRequestState);
  EXPECT_FAILS_WITH(Change(id, Kind::kBan), kRequestState);
  const auto row = Import({{2, TenantId("tenant-0"), "prod", "WEB-0", {}}});
  ASSERT_THAT(row->problems, SizeIs(1));
  EXPECT_THAT(row->problems[0].reason, HasSubstr("muster server restore"));
  ASSERT_TRUE(Change(id, Kind::kRestore).ok());
  EXPECT_EQ(Now(id).admission, store::Admission::kRegistered);
  EXPECT_EQ(Listed(), 2u);
  EXPECT_FAILS_WITH(Change(id, Kind::kRestore), kRequestState);
}

TEST_F(ServerLifeTest, AServerOfARunningRolloutIsNotTakenOut) {
  const RolloutId rollout = Start()->id;
  world_->RunFor(absl::Seconds(1));
  EXPECT_FAILS_WITH(Change(world_->servers()[0], Kind::kRetire), kRolloutTargetBusy);
  ASSERT_TRUE(Finishes(rollout, absl::Minutes(10)));
  EXPECT_TRUE(Change(world_->servers()[0], Kind::kRetire).ok());
}

TEST_F(ServerLifeTest, ABannedServerStaysOutUntilItIsUnbanned) {
  const ServerId id = world_->servers()[0];
  ASSERT_TRUE(Change(id, Kind::kBan).ok());
  TokenInput token;
  token.secret_hash = "hash";
  token.max_uses = 5;
  ASSERT_TRUE(MakeToken(token).ok());
  EXPECT_FAILS_WITH(Bootstrap("hash", "web-0", "key"), kBootstrapBanned);
  EXPECT_FAILS_WITH(Change(id, Kind::kRestore), kRequestState);
  ASSERT_TRUE(Change(id, Kind::kUnban).ok());
  EXPECT_TRUE(Bootstrap("hash", "web-0", "key").ok());
  EXPECT_FAILS_WITH(Change(id, Kind::kUnban), kRequestState);
}

TEST_F(ServerLifeTest, ADeletedServerFreesNameTargetsAndTokens) {
  const RolloutId rollout = Start()->id;
  ASSERT_TRUE(Finishes(rollout, absl::Minutes(10)));
  const ServerId id = world_->servers()[0];
  EXPECT_FAILS_WITH(Change(id, Kind::kDelete), kRequestState);
  ASSERT_TRUE(Change(id, Kind::kRetire).ok());
  ASSERT_TRUE(Change(id, Kind::kDelete).ok());
  EXPECT_FALSE(world_->Read()->servers().Find(id)->has_value());
  EXPECT_EQ(world_->Read()->rollouts().Count(rollout)->succeeded, 3);
  EXPECT_TRUE(world_->Read()->certificates().ListOf(id)->empty());
  EXPECT_EQ(Import({{2, TenantId("tenant-0"), "prod", "WEB-0", {}}})->created, 1);
  // Never seen: no need to retire it.
  const ServerId fresh = (*world_->Read()->servers().FindByName(zone_, "web-0"))->id;
  EXPECT_TRUE(Change(fresh, Kind::kDelete).ok());
  EXPECT_THAT(*world_->Read()->audit().List(store::TenantWall::Everything(), id.value(), 0, 100),
              testing::Not(IsEmpty()));
}

TEST_F(ServerLifeTest, ARenamedServerKeepsItsIdentity) {
  const ServerId id = world_->servers()[0];
  EXPECT_FAILS_WITH(Change(id, Kind::kRename, "WEB-2"), kInventoryConflict);
  EXPECT_FAILS_WITH(Change(id, Kind::kRename, "web-2.corp.example"), kInventoryNamesake);
  EXPECT_FAILS_WITH(Change(id, Kind::kRename, "a b"), kRequestInvalid);
  ASSERT_TRUE(Change(id, Kind::kRename, "web-0.corp.example").ok());
  ASSERT_TRUE(Change(id, Kind::kRename, "WEB-0.corp.example").ok()) << "its own name";
  EXPECT_EQ(Now(id).name, "WEB-0.corp.example");
  ASSERT_TRUE(Finishes(Start()->id, absl::Minutes(10)));
  EXPECT_EQ(Now(id).enrollment, store::Enrollment::kEnrolled);
}

// Remedy walked: E-INVENTORY-NOT-EMPTY
TEST_F(ServerLifeTest, ZonesAndTenantsGoWhenNothingIsLeftInThem) {
  const auto delete_zone = [&] {
    return Ask<ZoneId>([&](auto done) {
      operations().fleet.Call(&FleetOperations::DeleteZone, std::move(done), operator_, zone_);
    });
  };
  const auto delete_tenant = [&] {
    return Ask<TenantId>([&](auto done) {
      operations().fleet.Call(&FleetOperations::DeleteTenant, std::move(done), operator_,
                              TenantId("tenant-0"));
    });
  };
  ASSERT_TRUE(Finishes(Start()->id, absl::Minutes(10)));
  const auto full = delete_zone();
  EXPECT_FAILS_WITH(full, kInventoryNotEmpty);
  EXPECT_THAT(std::string(full.status().message()), HasSubstr("2 servers, 0 of them retired"));
  EXPECT_FAILS_WITH(delete_tenant(), kInventoryNotEmpty);
  for (const size_t i : {0, 2}) ASSERT_TRUE(Change(world_->servers()[i], Kind::kRetire).ok());
  EXPECT_FAILS_WITH(delete_zone(), kInventoryNotEmpty);
  for (const size_t i : {0, 2}) ASSERT_TRUE(Change(world_->servers()[i], Kind::kDelete).ok());
  ASSERT_TRUE(delete_zone().ok());
  EXPECT_FAILS_WITH(delete_zone(), kZoneUnknown);
  ASSERT_TRUE(delete_tenant().ok());
  EXPECT_FALSE(world_->Read()->tenants().Find(TenantId("tenant-0"))->has_value());
  world_->RunFor(absl::Hours(1));  // Nothing misses them.
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
  const Actor foreign{"operator:opr-x", store::TenantWall::Of({TenantId("tenant-1")})};
  EXPECT_FAILS_WITH(Apply(Fleet("acme", "https://acme", "s"), {}, foreign), kAuthForbidden);
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
