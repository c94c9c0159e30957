// One file because it is the contract of one interface.
// Tenants, zones with keys and readings, servers.
#include "base/failure_code.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_P(StoreContract, TheNewestChangeOfAnAdmissionInAZoneIsFound) {
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(MakeServer("adm1")));
    EXPECT_OK(t.servers().Insert(MakeServer("adm2")));
  });
  EXPECT_EQ(*Read()->servers().NewestAdmissionTime(kProd), std::nullopt);
  const ServerId first = Read()->servers().FindByName(kProd, "adm1")->value().id;
  const ServerId second = Read()->servers().FindByName(kProd, "adm2")->value().id;
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().SetAdmissionTime(first, At(7)));
    EXPECT_OK(t.servers().SetAdmissionTime(second, At(5)));
  });
  EXPECT_EQ(*Read()->servers().NewestAdmissionTime(kProd), At(7));
  EXPECT_EQ(*Read()->servers().NewestAdmissionTime(kTest), std::nullopt);
}

TEST_P(StoreContract, TenantsArePutFoundAndListedById) {
  Change([](Transaction& t) {
    EXPECT_OK(t.tenants().Put({TenantId("aaa"), "First", At(9)}));
    EXPECT_OK(t.tenants().Put({kAcme, "Acme Ltd", At(9)}));
  });
  const auto snapshot = Read();
  const auto tenants = *snapshot->tenants().List(TenantWall::Everything());
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[0].id, TenantId("aaa"));
  EXPECT_EQ(tenants[1].display_name, "Acme Ltd");
  EXPECT_EQ(tenants[1].create_time, At(0));  // Kept.
  EXPECT_EQ(*snapshot->tenants().Find(TenantId("nobody")), std::nullopt);
}

TEST_P(StoreContract, ZonesKeepEveryField) {
  Zone zone = MakeZone(kProd);
  zone.display_name = "Production";
  zone.hub_url = "https://hub.example:9696";
  zone.hub_ca_pem = "-----BEGIN";
  zone.max_concurrent_joins = 7;
  zone.allow_cli_join = true;
  zone.service_account = "certify";
  zone.verify_within = absl::Hours(3);
  zone.disconnect_patience = absl::Minutes(7);
  zone.sweep = {"15 2 * * *", "Europe/Vienna", absl::Hours(2), true, false};
  zone.verifier = {VerifierKind::kLogin, "viewer", {std::string("\0\1\2", 3)}};
  Change([&](Transaction& t) { EXPECT_OK(t.zones().Put(zone)); });
  const auto snapshot = Read();
  const Zone read = **snapshot->zones().Find(kProd);
  EXPECT_EQ(read.display_name, zone.display_name);
  EXPECT_EQ(read.hub_url, zone.hub_url);
  EXPECT_EQ(read.hub_ca_pem, zone.hub_ca_pem);
  EXPECT_EQ(read.max_concurrent_joins, 7);
  EXPECT_TRUE(read.allow_cli_join);
  EXPECT_EQ(read.service_account, "certify");
  EXPECT_EQ(read.verify_within, zone.verify_within);
  EXPECT_EQ(read.disconnect_patience, zone.disconnect_patience);
  EXPECT_EQ(read.sweep, zone.sweep);
  EXPECT_EQ(read.verifier.kind, VerifierKind::kLogin);
  EXPECT_EQ(read.verifier.principal, "viewer");
  EXPECT_EQ(read.verifier.secret, zone.verifier.secret);
  EXPECT_EQ(read.create_time, At(0));
  EXPECT_EQ(snapshot->zones().List(TenantWall::Everything(), kAcme)->size(), 2u);
  EXPECT_EQ(snapshot->zones().List(TenantWall::Everything(), TenantId())->size(), 2u);
  EXPECT_THAT(*snapshot->zones().List(TenantWall::Everything(), TenantId("other")), IsEmpty());
}

TEST_P(StoreContract, AZoneNeedsItsTenant) {
  auto t = *store_->Begin();
  const absl::Status status = t->zones().Put(MakeZone(ZoneId("ghost/prod")));
  EXPECT_EQ(Code(status), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("tenant ghost does not exist"));
}

TEST_P(StoreContract, TheNewestKeyIsActiveAndTheOneBeforeTainted) {
  const JoiningKeyVersion first = MakeKey(kProd, 1);
  const JoiningKeyVersion second = MakeKey(kProd, 2);
  EXPECT_EQ(*Read()->zones().FindActiveKey(kProd), std::nullopt);
  EXPECT_EQ(*Read()->zones().HighestKeyVersion(kProd), 0);
  Change([&](Transaction& t) {
    EXPECT_OK(t.zones().ActivateKey(first));
    EXPECT_OK(t.zones().ActivateKey(second));
    EXPECT_OK(t.zones().ActivateKey(MakeKey(kTest, 1)));
  });
  const auto snapshot = Read();
  const JoiningKeyVersion active = **snapshot->zones().FindActiveKey(kProd);
  EXPECT_EQ(active.id, second.id);
  EXPECT_EQ(active.secret, second.secret);
  EXPECT_EQ(active.state, KeyVersionState::kActive);
  EXPECT_EQ((*snapshot->zones().FindKey(first.id))->state, KeyVersionState::kTainted);
  EXPECT_EQ(*snapshot->zones().HighestKeyVersion(kProd), 2);
  EXPECT_EQ((*snapshot->zones().FindActiveKey(kTest))->version, 1);
}

TEST_P(StoreContract, AKeyIsTakenAwayAndTheZonesWithoutOneAreKnown) {
  EXPECT_THAT(*Read()->zones().ListWithoutKey(TenantWall::Everything(), TenantId()),
              testing::ElementsAre(kProd, kTest));
  Change([&](Transaction& t) { EXPECT_OK(t.zones().ActivateKey(MakeKey(kProd, 1))); });
  EXPECT_THAT(*Read()->zones().ListWithoutKey(TenantWall::Everything(), kAcme),
              testing::ElementsAre(kTest));
  EXPECT_THAT(*Read()->zones().ListWithoutKey(TenantWall::Everything(), TenantId("other")),
              IsEmpty());
  Change([&](Transaction& t) {
    EXPECT_OK(t.zones().TaintActiveKey(kProd));
    EXPECT_EQ(Code(t.zones().TaintActiveKey(kProd)), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Code(t.zones().TaintActiveKey(kTest)), absl::StatusCode::kFailedPrecondition);
  });
  EXPECT_EQ(*Read()->zones().FindActiveKey(kProd), std::nullopt);
  EXPECT_EQ((*Read()->zones().ListKeys(kProd))[0].state, KeyVersionState::kTainted);
  Change([&](Transaction& t) { EXPECT_OK(t.zones().ActivateKey(MakeKey(kProd, 2))); });
  EXPECT_EQ((*Read()->zones().FindActiveKey(kProd))->version, 2);
}

TEST_P(StoreContract, KeysThatEndAreFoundWhileTheyAreActive) {
  JoiningKeyVersion ending = MakeKey(kProd, 1);
  ending.expire_time = At(100);
  const JoiningKeyVersion endless = MakeKey(kTest, 1);
  Change([&](Transaction& t) {
    EXPECT_OK(t.zones().ActivateKey(ending));
    EXPECT_OK(t.zones().ActivateKey(endless));
  });
  const auto ending_before = [&](int seconds) {
    std::vector<KeyVersionId> ids;
    const std::vector<JoiningKeyVersion> keys = *Read()->zones().ListKeysEnding(At(seconds));
    for (const JoiningKeyVersion& key : keys) ids.push_back(key.id);
    return ids;
  };
  EXPECT_EQ((*Read()->zones().FindActiveKey(kProd))->expire_time, At(100));
  EXPECT_EQ((*Read()->zones().FindActiveKey(kTest))->expire_time, std::nullopt);
  EXPECT_THAT(ending_before(100), IsEmpty());
  EXPECT_THAT(ending_before(101), testing::ElementsAre(ending.id));
  Change([&](Transaction& t) {
    EXPECT_OK(t.zones().SetKeyExpiry(endless.id, At(50)));
    EXPECT_EQ(Code(t.zones().SetKeyExpiry(KeyVersionId("key-none"), At(1))),
              absl::StatusCode::kNotFound);
  });
  EXPECT_THAT(ending_before(101), testing::ElementsAre(ending.id, endless.id));
  Change([&](Transaction& t) {
    EXPECT_OK(t.zones().SetKeyExpiry(ending.id, std::nullopt));
    EXPECT_OK(t.zones().TaintActiveKey(kTest));
  });
  EXPECT_THAT(ending_before(101), IsEmpty());
}

TEST_P(StoreContract, AKeyVersionIsUsedOnceAndNeedsItsZone) {
  Change([&](Transaction& t) { EXPECT_OK(t.zones().ActivateKey(MakeKey(kProd, 1))); });
  auto t = *store_->Begin();
  JoiningKeyVersion again = MakeKey(kProd, 1);
  again.id = KeyVersionId("key-other");
  EXPECT_EQ(Code(t->zones().ActivateKey(again)), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Code(t->zones().ActivateKey(MakeKey(ZoneId("acme/none"), 1))),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, HubReadingsAreReplaced) {
  EXPECT_EQ(*Read()->zones().FindReading(kProd), std::nullopt);
  HubReading reading{.zone_id = kProd, .read_time = At(5), .instances = 12, .unmatched = 2};
  reading.try_time = At(5);
  Change([&](Transaction& t) { EXPECT_OK(t.zones().PutReading(reading)); });
  reading.failure = Failure{FailureCode::kHubAuth, "401"};
  reading.try_time = At(6);
  reading.hub_url = "https://hub";
  Change([&](Transaction& t) { EXPECT_OK(t.zones().PutReading(reading)); });
  const HubReading read = **Read()->zones().FindReading(kProd);
  EXPECT_EQ(read.read_time, At(5));
  EXPECT_EQ(read.try_time, At(6));
  EXPECT_EQ(read.instances, 12);
  EXPECT_EQ(read.unmatched, 2);
  EXPECT_EQ(read.failure, reading.failure);
  EXPECT_EQ(read.hub_url, "https://hub");
  auto t = *store_->Begin();
  reading.zone_id = ZoneId("acme/none");
  EXPECT_EQ(Code(t->zones().PutReading(reading)), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, HubContactsKeepEveryField) {
  EXPECT_EQ(*Read()->zones().FindContact(kProd), std::nullopt);
  HubContact contact{.zone_id = kProd, .try_time = At(5)};
  Change([&](Transaction& t) { EXPECT_OK(t.zones().PutContact(contact)); });
  EXPECT_EQ((*Read()->zones().FindContact(kProd))->failure, std::nullopt);
  contact.read_time = At(2);
  contact.failures = 3;
  contact.failing_time = At(3);
  contact.failure = Failure{FailureCode::kHubTls, "expired"};
  contact.open_time = At(5);
  contact.not_before = At(9);
  contact.list_kind = HubListKind::kConnectedOnly;
  contact.hub_version = "7.0.2.0";
  contact.clock_offset = -absl::Seconds(4);
  contact.instances = 12;
  contact.short_readings = 2;
  contact.short_instances = 4;
  contact.short_digest = "4:99";
  contact.short_time = At(1);
  contact.accepted_instances = 4;
  Change([&](Transaction& t) { EXPECT_OK(t.zones().PutContact(contact)); });
  const HubContact read = **Read()->zones().FindContact(kProd);
  EXPECT_EQ(read.try_time, At(5));
  EXPECT_EQ(read.read_time, At(2));
  EXPECT_EQ(read.failures, 3);
  EXPECT_EQ(read.failing_time, At(3));
  EXPECT_EQ(read.failure, contact.failure);
  EXPECT_EQ(read.open_time, At(5));
  EXPECT_EQ(read.not_before, At(9));
  EXPECT_EQ(read.list_kind, HubListKind::kConnectedOnly);
  EXPECT_EQ(read.hub_version, "7.0.2.0");
  EXPECT_EQ(read.clock_offset, -absl::Seconds(4));
  EXPECT_EQ(read.instances, 12);
  EXPECT_EQ(read.short_readings, 2);
  EXPECT_EQ(read.short_instances, 4);
  EXPECT_EQ(read.short_digest, "4:99");
  EXPECT_EQ(read.short_time, At(1));
  EXPECT_EQ(read.accepted_instances, 4);
  Change([&](Transaction& t) { EXPECT_OK(t.zones().DropContact(kProd)); });
  EXPECT_EQ(*Read()->zones().FindContact(kProd), std::nullopt);
  auto t = *store_->Begin();
  contact.zone_id = ZoneId("acme/none");
  EXPECT_EQ(Code(t->zones().PutContact(contact)), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, ServersKeepEveryField) {
  Server server = MakeServer("Web1");
  server.labels = {{"role", "web"}, {"odd:key", "1:x, ünïcode"}, {"empty", ""}};
  server.admission = Admission::kAdmitted;
  server.enrollment = Enrollment::kInDoubt;
  server.failure = Failure{FailureCode::kJoinAnswerLost, "gone"};
  server.machine = {"WEB1", "linux", "12", "amd64", "0.1.0", "abc"};
  server.service = {ServicePresence::kRunning,
                    "http://127.0.0.2:9696",
                    "7.0",
                    HubInstanceId("h"),
                    "https://hub",
                    true,
                    "internal"};
  server.claim = Claim{HubInstanceId("h"), "internal", "WEB1", At(10), At(20)};
  server.proof = HubProof{HubInstanceId("h"), MatchKind::kInternalId, At(30), At(29)};
  server.last_contact_time = At(8);
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Insert(server)); });
  const auto snapshot = Read();
  const Server read = **snapshot->servers().FindByName(kProd, "wEB1");
  EXPECT_EQ(read.id, server.id);
  EXPECT_EQ(read.tenant_id, kAcme);
  EXPECT_EQ(read.zone_id, kProd);
  EXPECT_EQ(read.name, "Web1");
  EXPECT_EQ(read.labels, server.labels);
  EXPECT_EQ(read.admission, server.admission);
  EXPECT_EQ(read.enrollment, server.enrollment);
  EXPECT_EQ(read.failure, server.failure);
  EXPECT_EQ(read.machine, server.machine);
  EXPECT_EQ(read.service, server.service);
  ASSERT_TRUE(read.claim.has_value());
  EXPECT_EQ(read.claim->hub_instance_id, server.claim->hub_instance_id);
  EXPECT_EQ(read.claim->internal_instance_id, "internal");
  EXPECT_EQ(read.claim->machine_name, "WEB1");
  EXPECT_EQ(read.claim->join_start_time, At(10));
  EXPECT_EQ(read.claim->verify_deadline, At(20));
  ASSERT_TRUE(read.proof.has_value());
  EXPECT_EQ(read.proof->match, MatchKind::kInternalId);
  EXPECT_EQ(read.proof->verified_time, At(30));
  EXPECT_EQ(read.proof->reported_time, At(29));
  EXPECT_EQ(read.last_contact_time, At(8));
  EXPECT_EQ(read.create_time, At(1));
  EXPECT_EQ(*snapshot->servers().FindByName(kTest, "Web1"), std::nullopt);
  EXPECT_EQ(*snapshot->servers().Find(ServerId("srv-none")), std::nullopt);
  Change([&](Transaction& t) { EXPECT_OK(t.servers().DropProof(server.id)); });
  EXPECT_FALSE((**Read()->servers().Find(server.id)).proof.has_value());
}

TEST_P(StoreContract, ServersAreRenamedRetiredAndDeleted) {
  const Server server = MakeServer("Web1");
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.servers().SetName(server.id, "Web9"));
    EXPECT_OK(t.servers().MoveAdmission(server.id, server.admission, Admission::kRetired));
  });
  EXPECT_TRUE(Read()->servers().FindByName(kProd, "wEB9")->has_value());
  EXPECT_TRUE(Read()->servers().List({.wall = TenantWall::Everything()})->empty());
  EXPECT_TRUE(Read()->servers().CountByEnrollment({.wall = TenantWall::Everything()})->empty());
  ServerQuery query{.wall = TenantWall::Everything()};
  query.include_retired = true;
  EXPECT_EQ(Read()->servers().List(query)->size(), 1u);
  {
    auto t = *store_->Begin();
    EXPECT_EQ(Code(t->zones().Delete(kProd)), absl::StatusCode::kFailedPrecondition);
  }
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Delete(server.id)); });
  EXPECT_TRUE(Read()->servers().List(query)->empty());
  auto t = *store_->Begin();
  EXPECT_EQ(Code(t->servers().Delete(server.id)), absl::StatusCode::kNotFound);
  EXPECT_OK(t->zones().Delete(kProd));
  EXPECT_EQ(Code(t->tenants().Delete(kAcme)), absl::StatusCode::kFailedPrecondition)
      << "it has another zone";
}

TEST_P(StoreContract, NamesAreComparedInAllScripts) {
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(MakeServer("B\xC3\x9CRO-1")));
    EXPECT_OK(t.servers().Insert(MakeServer("web-01.corp.example")));
    EXPECT_OK(t.servers().Insert(MakeServer("DB-01")));
  });
  {
    auto t = *store_->Begin();
    EXPECT_EQ(Code(t->servers().Insert(MakeServer("b\xC3\xBCro-1"))),
              absl::StatusCode::kAlreadyExists);
  }
  const auto snapshot = Read();
  EXPECT_TRUE(snapshot->servers().FindByName(kProd, "bu\xCC\x88ro-1")->has_value());
  ServerQuery query{.wall = TenantWall::Everything()};
  query.selection.names = {"b\xC3\xBCRO*", "WEB-01.*"};
  EXPECT_EQ(snapshot->servers().List(query)->size(), 2u);
  const auto namesake = [&](const char* name) {
    const auto found = *snapshot->servers().FindNamesake(kProd, name);
    return found.has_value() ? found->name : "";
  };
  EXPECT_EQ(namesake("WEB-01"), "web-01.corp.example");
  EXPECT_EQ(namesake("db-01.corp.example"), "DB-01");
  EXPECT_EQ(namesake("web-01.other.example"), "");
  EXPECT_EQ(namesake("web-0"), "");
  EXPECT_EQ(namesake("web"), "");
}

TEST_P(StoreContract, AServerNameIsUniqueInItsZoneWithoutCase) {
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Insert(MakeServer("web1"))); });
  auto t = *store_->Begin();
  EXPECT_EQ(Code(t->servers().Insert(MakeServer("WEB1"))), absl::StatusCode::kAlreadyExists);
  EXPECT_OK(t->servers().Insert(MakeServer("web1", kTest)));
  EXPECT_EQ(Code(t->servers().Insert(MakeServer("web1", ZoneId("acme/none")))),
            absl::StatusCode::kFailedPrecondition);
  Server foreign = MakeServer("web2");
  foreign.tenant_id = TenantId("other");
  EXPECT_EQ(Code(t->servers().Insert(foreign)), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, ServersAreChangedFieldByField) {
  const Server server = MakeServer("web1");
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.servers().SetLabels(server.id, {{"a", "1"}, {"b", "2"}}));
    EXPECT_OK(t.servers().SetLabels(server.id, {{"b", "3"}}));
    EXPECT_OK(t.servers().SetFacts(server.id, MachineFacts{.os = "linux"}, std::nullopt));
    EXPECT_OK(t.servers().SetFacts(server.id, std::nullopt,
                                   ServiceFacts{.presence = ServicePresence::kMissing}));
    EXPECT_OK(t.servers().SetLastContact(server.id, At(7)));
    EXPECT_OK(t.servers().SetClaim(server.id, Claim{.join_start_time = At(1)}));
    EXPECT_OK(t.servers().SetProof(server.id, HubProof{.match = MatchKind::kMachineName}));
  });
  Server read = **Read()->servers().Find(server.id);
  EXPECT_EQ(read.labels, (Labels{{"b", "3"}}));
  EXPECT_EQ(read.machine.os, "linux");
  EXPECT_EQ(read.service.presence, ServicePresence::kMissing);
  EXPECT_EQ(read.last_contact_time, At(7));
  EXPECT_TRUE(read.claim.has_value());
  EXPECT_EQ(read.proof->match, MatchKind::kMachineName);
  Change([&](Transaction& t) { EXPECT_OK(t.servers().SetClaim(server.id, std::nullopt)); });
  read = **Read()->servers().Find(server.id);
  EXPECT_FALSE(read.claim.has_value());
  EXPECT_TRUE(read.proof.has_value());
}

TEST_P(StoreContract, ChangesToAnUnknownServerAreNotFound) {
  const ServerId none("srv-none");
  auto t = *store_->Begin();
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  EXPECT_EQ(Code(t->servers().SetLabels(none, {})), kNotFound);
  EXPECT_EQ(Code(t->servers().SetFacts(none, MachineFacts{}, std::nullopt)), kNotFound);
  EXPECT_EQ(Code(t->servers().SetFacts(none, std::nullopt, ServiceFacts{})), kNotFound);
  EXPECT_EQ(Code(t->servers().SetLastContact(none, At(1))), kNotFound);
  EXPECT_EQ(Code(t->servers().SetClaim(none, std::nullopt)), kNotFound);
  EXPECT_EQ(Code(t->servers().SetProof(none, HubProof{})), kNotFound);
  EXPECT_EQ(Code(t->servers().MoveAdmission(none, Admission::kRegistered, Admission::kAdmitted)),
            kNotFound);
  EXPECT_EQ(Code(t->servers().MoveEnrollment(none, Enrollment::kNotEnrolled, Enrollment::kQueued,
                                             std::nullopt)),
            kNotFound);
}

TEST_P(StoreContract, EnrollmentMovesByCompareAndSetInsideItsTable) {
  const Server server = MakeServer("web1");
  const Failure failure{FailureCode::kJoinKeyRefused, "401"};
  Change([&](Transaction& t) {
    ServerStore& servers = t.servers();
    EXPECT_OK(servers.Insert(server));
    EXPECT_OK(servers.MoveEnrollment(server.id, Enrollment::kNotEnrolled, Enrollment::kQueued, {}));
    // Somebody was faster.
    EXPECT_EQ(
        Code(servers.MoveEnrollment(server.id, Enrollment::kNotEnrolled, Enrollment::kQueued, {})),
        absl::StatusCode::kAborted);
    // Not in the table: a worker's word makes nobody enrolled.
    EXPECT_EQ(
        Code(servers.MoveEnrollment(server.id, Enrollment::kQueued, Enrollment::kEnrolled, {})),
        absl::StatusCode::kInternal);
    EXPECT_EQ(Code(servers.MoveEnrollment(server.id, Enrollment::kQueued, Enrollment::kQueued, {})),
              absl::StatusCode::kInternal);
    EXPECT_OK(servers.MoveEnrollment(server.id, Enrollment::kQueued, Enrollment::kFailed, failure));
  });
  EXPECT_EQ((*Read()->servers().Find(server.id))->failure, failure);
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().MoveEnrollment(server.id, Enrollment::kFailed, Enrollment::kQueued, {}));
  });
  const Server read = **Read()->servers().Find(server.id);
  EXPECT_EQ(read.enrollment, Enrollment::kQueued);
  EXPECT_EQ(read.failure, std::nullopt);
}

TEST_P(StoreContract, AdmissionMovesByCompareAndSetInsideItsTable) {
  const Server server = MakeServer("web1");
  Change([&](Transaction& t) {
    ServerStore& servers = t.servers();
    EXPECT_OK(servers.Insert(server));
    EXPECT_OK(servers.MoveAdmission(server.id, Admission::kRegistered, Admission::kAdmitted));
    EXPECT_EQ(Code(servers.MoveAdmission(server.id, Admission::kRegistered, Admission::kAdmitted)),
              absl::StatusCode::kAborted);
    EXPECT_EQ(Code(servers.MoveAdmission(server.id, Admission::kAdmitted, Admission::kRejected)),
              absl::StatusCode::kInternal);
  });
  EXPECT_EQ((*Read()->servers().Find(server.id))->admission, Admission::kAdmitted);
}

TEST_P(StoreContract, ServersAreListedByZoneAndNameInPages) {
  Change([&](Transaction& t) {
    for (const char* name : {"b", "D", "a", "C"}) {
      EXPECT_OK(t.servers().Insert(MakeServer(name, kTest)));
      EXPECT_OK(t.servers().Insert(MakeServer(name, kProd)));
    }
  });
  const auto snapshot = Read();
  std::vector<std::string> seen;
  ServerQuery query{.wall = TenantWall::Everything(), .limit = 3};
  while (true) {
    const auto page = *snapshot->servers().List(query);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 3u);
    for (const Server& server : page) seen.push_back(CursorOf(server));
    query.after = CursorOf(page.back());
  }
  EXPECT_THAT(seen, ElementsAre("acme/prod/a", "acme/prod/b", "acme/prod/c", "acme/prod/d",
                                "acme/test/a", "acme/test/b", "acme/test/c", "acme/test/d"));
  EXPECT_EQ(snapshot->servers().List({.wall = TenantWall::Everything(), .limit = 0})->size(), 8u);
}

TEST_P(StoreContract, ServersAreSelected) {
  const ZoneId other("other/prod");
  const Rollout rollout = MakeRollout("rol-1");
  Change([&](Transaction& t) {
    EXPECT_OK(t.tenants().Put({TenantId("other"), "Other", At(0)}));
    EXPECT_OK(t.zones().Put(MakeZone(other)));
    Server web = MakeServer("web1");
    web.labels = {{"role", "web"}, {"site", "x"}};
    EXPECT_OK(t.servers().Insert(web));
    Server db = MakeServer("db%1");
    db.labels = {{"role", "db"}, {"site", "x"}};
    db.enrollment = Enrollment::kEnrolled;
    EXPECT_OK(t.servers().Insert(db));
    EXPECT_OK(t.servers().Insert(MakeServer("web2", kTest)));
    EXPECT_OK(t.servers().Insert(MakeServer("web3", other)));
    EXPECT_OK(t.rollouts().Insert(rollout, {MakeTarget(rollout.id, web)}));
  });
  const auto snapshot = Read();
  const auto select_within = [&](const TenantWall& wall, ServerQuery query) {
    query.wall = wall;
    return NamesOf(*snapshot->servers().List(query));
  };
  const auto select = [&](ServerQuery query) {
    return select_within(TenantWall::Everything(), std::move(query));
  };
  EXPECT_THAT(select({.selection = {.tenant_id = kAcme}}), ElementsAre("db%1", "web1", "web2"));
  EXPECT_THAT(select({.selection = {.zone_id = kTest}}), ElementsAre("web2"));
  EXPECT_THAT(select({.selection = {.labels = {{"site", "x"}, {"role", "db"}}}}),
              ElementsAre("db%1"));
  EXPECT_THAT(select({.selection = {.names = {"WEB1", "Web3", "nothing"}}}),
              ElementsAre("web1", "web3"));
  EXPECT_THAT(select({.selection = {.names = {"WEB*"}}}), ElementsAre("web1", "web2", "web3"));
  EXPECT_THAT(select({.selection = {.names = {"d%*", "web2"}}}), ElementsAre("web2"));
  EXPECT_THAT(select({.selection = {.names = {"db%*"}}}), ElementsAre("db%1"));
  EXPECT_THAT(
      select_within(TenantWall::Of({TenantId("other")}), {.selection = {.tenant_id = kAcme}}),
      IsEmpty());
  EXPECT_THAT(select_within(TenantWall::Of({TenantId("other"), TenantId("none")}), {}),
              ElementsAre("web3"));
  EXPECT_THAT(select({.enrollments = {Enrollment::kEnrolled, Enrollment::kFailed}}),
              ElementsAre("db%1"));
  EXPECT_THAT(select({.rollout_id = rollout.id}), ElementsAre("web1"));
}

TEST_P(StoreContract, ASelectionMayNameThousands) {
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Insert(MakeServer("web4999"))); });
  ServerQuery query{.wall = TenantWall::Everything()};
  for (int i = 0; i < 5000; ++i) query.selection.names.push_back(absl::StrCat("WEB", i));
  EXPECT_THAT(NamesOf(*Read()->servers().List(query)), ElementsAre("web4999"));
  query.selection.names.assign(40'000, "x");
  EXPECT_EQ(Code(Read()->servers().List(query)), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreContract, StatesAreOfTheServersThatAreListed) {
  Change([&](Transaction& t) {
    for (const char* name : {"b", "A", "c"}) {
      Server server = MakeServer(name);
      server.labels = {{"role", name == std::string("c") ? "db" : "web"}};
      server.admission = Admission::kAdmitted;
      server.enrollment = Enrollment::kEnrolled;
      EXPECT_OK(t.servers().Insert(server));
    }
    EXPECT_OK(t.servers().Insert(MakeServer("a", kTest)));
  });
  const auto snapshot = Read();
  const TenantWall all = TenantWall::Everything();
  for (const ServerQuery& query :
       {ServerQuery{.wall = all}, ServerQuery{.wall = all, .limit = 2},
        ServerQuery{.wall = all, .after = "acme/prod/a"},
        ServerQuery{.selection = {.zone_id = kTest}, .wall = all},
        ServerQuery{.selection = {.labels = {{"role", "web"}}}, .wall = all},
        ServerQuery{.wall = TenantWall::Of({TenantId("x")})}, ServerQuery{}}) {
    const auto servers = *snapshot->servers().List(query);
    const auto states = *snapshot->servers().ListStates(query);
    ASSERT_EQ(states.size(), servers.size());
    for (size_t i = 0; i < states.size(); ++i) {
      EXPECT_EQ(states[i].id, servers[i].id);
      EXPECT_EQ(states[i].zone_id, servers[i].zone_id);
      EXPECT_EQ(states[i].name, servers[i].name);
      EXPECT_EQ(states[i].admission, servers[i].admission);
      EXPECT_EQ(states[i].enrollment, servers[i].enrollment);
    }
  }
}

TEST_P(StoreContract, EnrollmentsAreCountedPerZone) {
  Change([&](Transaction& t) {
    for (const char* name : {"a", "b", "c"}) EXPECT_OK(t.servers().Insert(MakeServer(name)));
    Server done = MakeServer("d");
    done.enrollment = Enrollment::kEnrolled;
    EXPECT_OK(t.servers().Insert(done));
    EXPECT_OK(t.servers().Insert(MakeServer("a", kTest)));
  });
  const auto snapshot = Read();
  std::vector<std::string> counts;
  const auto all = *snapshot->servers().CountByEnrollment({.wall = TenantWall::Everything()});
  for (const auto& count : all) {
    counts.push_back(
        absl::StrCat(count.zone_id.value(), " ", ToString(count.enrollment), " ", count.servers));
  }
  EXPECT_THAT(counts, ElementsAre("acme/prod enrolled 1", "acme/prod not_enrolled 3",
                                  "acme/test not_enrolled 1"));
  EXPECT_EQ(
      snapshot->servers()
          .CountByEnrollment({.selection = {.zone_id = kTest}, .wall = TenantWall::Everything()})
          ->size(),
      1u);
  EXPECT_THAT(*snapshot->servers().CountByEnrollment({.wall = TenantWall::Of({TenantId("x")})}),
              IsEmpty());
}

TEST_P(StoreContract, EachServersStandingIsToldBehindTheWall) {
  Change([&](Transaction& t) {
    Server seen = MakeServer("seen");
    seen.admission = Admission::kPending;
    Server retired = MakeServer("retired");
    retired.admission = Admission::kRetired;
    for (const Server& server : {seen, retired, MakeServer("new", kTest)}) {
      EXPECT_OK(t.servers().Insert(server));
    }
    EXPECT_OK(t.servers().SetLastContact(seen.id, At(7)));
  });
  const auto told = [this](const ServerQuery& query) {
    std::vector<std::string> lines;
    EXPECT_OK(Read()->servers().ForEachStanding(query, [&](const ServerStore::Standing& standing) {
      lines.push_back(absl::StrCat(standing.id.value(), " ", standing.zone_id.value(), " ",
                                   ToString(standing.admission),
                                   standing.last_contact_time.has_value() ? " seen" : ""));
      if (standing.last_contact_time.has_value()) {
        EXPECT_EQ(*standing.last_contact_time, At(7));
      }
    }));
    return lines;
  };
  EXPECT_THAT(told({.wall = TenantWall::Everything()}),
              testing::UnorderedElementsAre("srv-acme/prod-seen acme/prod pending seen",
                                            "srv-acme/test-new acme/test registered"));
  EXPECT_THAT(told({.wall = TenantWall::Of({TenantId("other")})}), IsEmpty());
  EXPECT_THAT(told({}), IsEmpty());
}

TEST_P(StoreContract, UnprovenServersAreThoseWithAClaim) {
  EXPECT_THAT(*Read()->servers().ListUnprovenZones(), IsEmpty());
  const auto insert = [](Transaction& t, const char* name, Enrollment enrollment, bool claim) {
    Server server = MakeServer(name);
    server.enrollment = enrollment;
    if (claim) server.claim = Claim{.join_start_time = At(1), .verify_deadline = At(2)};
    EXPECT_OK(t.servers().Insert(server));
  };
  Change([&](Transaction& t) {
    insert(t, "claimed", Enrollment::kJoinedUnverified, true);
    insert(t, "doubt", Enrollment::kInDoubt, true);
    insert(t, "doubt-without-claim", Enrollment::kInDoubt, false);
    insert(t, "done", Enrollment::kEnrolled, true);
    EXPECT_OK(t.servers().Insert(MakeServer("a", kTest)));
  });
  EXPECT_THAT(NamesOf(*Read()->servers().ListUnproven(kProd)), ElementsAre("claimed", "doubt"));
  EXPECT_THAT(*Read()->servers().ListUnproven(kTest), IsEmpty());
  EXPECT_THAT(*Read()->servers().ListUnprovenZones(), ElementsAre(kProd));
}

}  // namespace
}  // namespace muster::store
