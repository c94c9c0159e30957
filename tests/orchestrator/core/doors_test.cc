// The doors: whom a token lets in and where, whose certificate is believed, which pin a worker gets,
// and what is remembered of all that. One file because one fixture knocks at all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "base/log.h"
#include "orchestrator/core/report/explain.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/door_bench.h"

namespace muster::core {
namespace {

class DoorsTest : public DoorBench {
 protected:
  void Import(const std::string& tenant, const std::string& name) {
    ServerInput row;
    row.line = 1;
    row.tenant_id = TenantId(tenant);
    row.zone_slug = "prod";
    row.name = name;
    const auto outcome = Ask<ImportOutcome>([&](auto done) {
      operations().servers.Call(&ServerOperations::Import, std::move(done), operator_,
                                std::vector<ServerInput>{row}, false, false);
    });
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    ASSERT_TRUE(outcome->problems.empty());
  }
  void Token(const std::string& hash, TokenInput input = {}) {
    input.secret_hash = hash;
    if (input.max_uses == 1) input.max_uses = 20;
    ASSERT_TRUE(MakeToken(std::move(input)).ok());
  }
  SessionOpening Opening(const BootstrapGrant& grant, const std::string& certificate) {
    return OpeningOf(grant.server_id, grant.zone.id, certificate);
  }
  absl::StatusOr<SessionGrant> Open(const SessionOpening& opening) { return AskToOpen(opening); }
  // A server that is in, with certificate `name` and its session ended.
  BootstrapGrant Admitted(const std::string& name) {
    Import("tenant-0", name);
    Token("token of " + name);
    const auto grant = Show("token of " + name, name, "key of " + name);
    EXPECT_TRUE(grant.ok()) << grant.status();
    EXPECT_TRUE(grant->admitted);
    EXPECT_TRUE(Certify(*grant, name, "key of " + name).ok());
    const SessionOpening opening = Opening(*grant, name);
    EXPECT_TRUE(Open(opening).ok());
    world_->worker_events().SessionEnded(opening.session);
    world_->RunFor(absl::Minutes(1));
    return *grant;
  }

  // What a worker was told of when it ended its last session now.
  store::AuditLink Now() { return *world_->Read()->audit().Last(); }
};

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Remedy walked: E-DISPATCH-NOT-ADMITTED
TEST_F(DoorsTest, AnUnknownNameWaitsForAnOperator) {
  Token("h");
  const auto grant = Show("h", "stranger", "k");
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_FALSE(grant->admitted);
  EXPECT_EQ(ServerOf(grant->server_id).admission, store::Admission::kPending);
  ASSERT_TRUE(Certify(*grant, "c", "k").ok());
  EXPECT_FAILS_WITH(Open(Opening(*grant, "c")), kDispatchNotAdmitted);
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Admit, std::move(done), operator_,
                                          grant->server_id, "");
              }).ok());
  EXPECT_TRUE(Open(Opening(*grant, "c")).ok());
}

TEST_F(DoorsTest, ANameOnTheTokenOrAnyNameIsExpected) {
  TokenInput named;
  named.server_names = {"NEW-1"};
  Token("named", named);
  EXPECT_TRUE(Show("named", "new-1", "k1")->admitted);
  TokenInput any;
  any.any_name = true;
  Token("any", any);
  EXPECT_TRUE(Show("any", "new-2", "k2")->admitted);
}

TEST_F(DoorsTest, AMachineOfAnotherCustomerIsRefusedAndOnlyTheProviderIsToldWhose) {
  Import("tenant-1", "sql-1");
  Token("h");
  const auto by_name = Show("h", "SQL-1", "k");
  EXPECT_FAILS_WITH(by_name, kBootstrapOtherZone);
  EXPECT_THAT(std::string(by_name.status().message()), Not(HasSubstr("tenant-1")));
  const store::Server theirs =
      **world_->Read()->servers().FindByName(ZoneId("tenant-1/prod"), "sql-1");
  EXPECT_THAT(Observed(theirs.id), ElementsAre(FailureCode::kBootstrapOtherZone));
  EXPECT_FALSE(world_->Read()->servers().FindByName(zone_, "sql-1")->has_value());

  // The same machine under an expected name.
  Import("tenant-0", "web-9");
  TokenInput theirs_token;
  theirs_token.zone_id = ZoneId("tenant-1/prod");
  Token("t1", theirs_token);
  ASSERT_TRUE(Show("t1", "app-1", "k2", "machine-x").ok());  // Unknown: pending, with its machine.
  EXPECT_FAILS_WITH(Show("h", "web-9", "k3", "machine-x"), kBootstrapOtherZone);
  EXPECT_TRUE(Show("h", "web-9", "k3", "machine-y").ok());

  // The explicit way out, and the name that is expected in both zones.
  TokenInput any;
  any.any_name = true;
  Token("any", any);
  EXPECT_TRUE(Show("any", "sql-1", "k4")->admitted);
}

TEST_F(DoorsTest, ANameThatTwoCustomersHaveIsFineWhereItIsExpected) {
  Import("tenant-1", "dc01");
  Import("tenant-0", "dc01");
  Token("h");
  EXPECT_TRUE(Show("h", "dc01", "k")->admitted);
}

TEST_F(DoorsTest, APromisedUseIsKeptWhateverBecomesOfTheToken) {
  Import("tenant-0", "a");
  Import("tenant-0", "b");
  TokenInput one;
  one.ttl = absl::Hours(1);
  one.max_uses = 2;
  Token("h", one);
  const auto a = Show("h", "a", "ka");
  const auto b = Show("h", "b", "kb");
  ASSERT_TRUE(Certify(*a, "ca", "ka").ok());
  ASSERT_TRUE(Certify(*b, "cb", "kb").ok());
  world_->RunFor(absl::Hours(3));  // Expired meanwhile; and the first takes its use.
  EXPECT_FAILS_WITH(Show("h", "c", "kc"), kTokenExpired);
  EXPECT_TRUE(Open(Opening(*a, "ca")).ok());
  EXPECT_TRUE(Open(Opening(*b, "cb")).ok());
}

TEST_F(DoorsTest, TheLastUseIsPromisedOnce) {
  Import("tenant-0", "a");
  Import("tenant-0", "b");
  TokenInput one;
  one.secret_hash = "h";
  ASSERT_TRUE(MakeToken(one).ok());
  const auto a = Show("h", "a", "ka");
  const auto b = Show("h", "b", "kb");  // Decided before a's certificate was on record.
  ASSERT_TRUE(a.ok() && b.ok());
  ASSERT_TRUE(Certify(*a, "ca", "ka").ok());
  EXPECT_FAILS_WITH(Certify(*b, "cb", "kb"), kTokenExhausted);
  EXPECT_TRUE(Open(Opening(*a, "ca")).ok());
}

// Remedy walked: E-BOOTSTRAP-NAME-TAKEN
TEST_F(DoorsTest, AMachineMadeAnewTakesItsRecordOverWithATokenThatNamesIt) {
  const BootstrapGrant old = Admitted("web-1");
  Token("zone-wide");
  EXPECT_FAILS_WITH(Show("zone-wide", "web-1", "new key"), kBootstrapNameTaken);
  TokenInput named;
  named.server_names = {"web-1"};
  Token("named", named);
  const auto grant = Show("named", "web-1", "new key");
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->server_id, old.server_id);
  EXPECT_TRUE(grant->admitted);
  ASSERT_TRUE(Certify(*grant, "anew", "new key").ok());
  ASSERT_TRUE(Open(Opening(*grant, "anew")).ok());
  EXPECT_FAILS_WITH(Open(Opening(*grant, "web-1")), kCertRevoked);
  EXPECT_THAT(Observed(old.server_id), ElementsAre(FailureCode::kCertRevoked));
}

// Remedy walked: E-CERT-EXPIRED
TEST_F(DoorsTest, AfterItsCertificateAnyTokenOfTheZoneBringsAServerBack) {
  const BootstrapGrant old = Admitted("web-1");
  world_->RunFor(absl::Hours(25));  // Its certificate was for a day.
  EXPECT_FAILS_WITH(Open(Opening(old, "web-1")), kCertExpired);
  EXPECT_THAT(Observed(old.server_id), ElementsAre(FailureCode::kCertExpired));
  Token("zone-wide");
  const auto grant = Show("zone-wide", "web-1", "new key");
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->server_id, old.server_id);
  ASSERT_TRUE(Certify(*grant, "anew", "new key").ok());
  ASSERT_TRUE(Open(Opening(*grant, "anew")).ok());
  EXPECT_THAT(Observed(old.server_id), IsEmpty());
}

// What a restored backup does not know.
TEST_F(DoorsTest, ACertificateOfOursThatIsNotOnRecordIsTakenOver) {
  const BootstrapGrant grant = Admitted("web-1");
  const SessionOpening renewed = Opening(grant, "renewed after the backup");
  ASSERT_TRUE(Open(renewed).ok());
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kCertAdopted));
  EXPECT_EQ((*world_->Read()->certificates().Find(CertificateId("web-1")))->state,
            store::CertificateState::kSuperseded);
  // An older one that turns up now is not: a newer is on record.
  SessionOpening older = Opening(grant, "older");
  older.not_before = world_->clock().Now() - absl::Hours(40);
  EXPECT_FAILS_WITH(Open(older), kCertRevoked);
  // Nor is one of another zone, or without what TLS says of it.
  SessionOpening foreign = Opening(grant, "foreign");
  foreign.zone_id = ZoneId("tenant-1/prod");
  foreign.tenant_id = TenantId("tenant-1");
  EXPECT_FAILS_WITH(Open(foreign), kCertForeign);
  SessionOpening bare = Opening(grant, "bare");
  bare.public_key_hash.clear();
  EXPECT_FAILS_WITH(Open(bare), kCertUnknown);
}

TEST_F(DoorsTest, OnlyAdmittedServersComeInByTheirCertificateAlone) {
  Import("tenant-0", "registered");
  const store::Server registered = **world_->Read()->servers().FindByName(zone_, "registered");
  BootstrapGrant grant;
  grant.server_id = registered.id;
  grant.zone.id = zone_;
  EXPECT_FAILS_WITH(Open(Opening(grant, "c1")), kDispatchNotAdmitted);
  EXPECT_EQ(ServerOf(registered.id).admission, store::Admission::kPending);

  grant.server_id = ServerId("srv-unknown");
  SessionOpening opening = Opening(grant, "c2");
  opening.machine.machine_name = "REGISTERED";  // Taken: another name is found.
  EXPECT_FAILS_WITH(Open(opening), kDispatchNotAdmitted);
  EXPECT_EQ(ServerOf(grant.server_id).admission, store::Admission::kPending);
  EXPECT_FAILS_WITH(Open(opening), kDispatchNotAdmitted);  // Knocks again.
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Admit, std::move(done), operator_,
                                          grant.server_id, "");
              }).ok());
  EXPECT_TRUE(Open(opening).ok());

  const BootstrapGrant evicted = Admitted("evicted");
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_,
                                          evicted.server_id, "");
              }).ok());
  EXPECT_FAILS_WITH(Open(Opening(evicted, "later")), kDispatchNotAdmitted);
  EXPECT_EQ(ServerOf(evicted.server_id).admission, store::Admission::kPending);
}

// Remedy walked: E-CLOCK-SKEW
TEST_F(DoorsTest, ClocksAreCompared) {
  const BootstrapGrant grant = Admitted("web-1");
  SessionOpening opening = Opening(grant, "web-1");
  opening.clock_offset = -absl::Hours(3);
  ASSERT_TRUE(Open(opening).ok());
  const auto seen = *world_->Read()->observations().Find(grant.server_id, FailureCode::kClockSkew);
  ASSERT_TRUE(seen.has_value());
  EXPECT_THAT(seen->detail, HasSubstr("3h behind"));
  const auto snapshot = world_->Read();
  const auto explained =
      ExplainServer(store::WalledSnapshot(*snapshot, store::TenantWall::Everything()),
                    grant.server_id, world_->clock().Now());
  ASSERT_TRUE(explained.ok());
  EXPECT_THAT(explained->summary, HasSubstr("Observed: E-CLOCK-SKEW"));
  opening.session = next_session_++;
  opening.clock_offset = absl::Seconds(40);
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

TEST_F(DoorsTest, WhatAWorkerSaysIsSeenUntilItSaysItNoMore) {
  const BootstrapGrant grant = Admitted("web-1");
  SessionOpening opening = Opening(grant, "web-1");
  opening.problems = {{FailureCode::kServiceConfigBad, "line 3"}};
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kServiceConfigBad));
  opening.session = next_session_++;
  opening.problems.reset();  // It has not looked: nothing is known.
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kServiceConfigBad));
  opening.session = next_session_++;
  opening.problems.emplace();
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

TEST_F(DoorsTest, TwoMachinesWithOneIdentityAreSeenUntilTheyStop) {
  const BootstrapGrant grant = Admitted("web-1");
  const auto open = [&](const std::string& address) {
    SessionOpening opening = Opening(grant, "web-1");
    opening.address = address;
    ASSERT_TRUE(Open(opening).ok());
    world_->RunFor(absl::Minutes(1));
  };
  open("10.0.0.1");
  open("10.0.0.2");
  open("10.0.0.1");
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
  open("10.0.0.2");
  const auto seen =
      *world_->Read()->observations().Find(grant.server_id, FailureCode::kSessionReplaced);
  ASSERT_TRUE(seen.has_value());
  EXPECT_THAT(seen->detail, HasSubstr("10.0.0.1 and 10.0.0.2"));
  world_->RunFor(absl::Minutes(70));
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

// The log says what began and what ended, once each, however often it is said again.
TEST_F(DoorsTest, WhatIsObservedIsLoggedOnceEachWay) {
  const BootstrapGrant grant = Admitted("web-1");
  SessionOpening opening = Opening(grant, "web-1");
  std::vector<std::string> lines;
  log::SetSinkForTesting([&lines](absl::string_view line) {
    if (absl::StrContains(line, "observed")) lines.emplace_back(line);
  });
  for (const FailureCode code : {FailureCode::kServiceConfigBad, FailureCode::kJoinRestartDue,
                                 FailureCode::kJoinZoneMismatch, FailureCode::kWorkerJournal}) {
    lines.clear();
    for (int round = 0; round < 3; ++round) {
      opening.session = next_session_++;
      opening.problems = {{code, "line 3"}};
      ASSERT_TRUE(Open(opening).ok());
      world_->worker_events().SessionEnded(opening.session);
      world_->RunFor(absl::Hours(1));
    }
    ASSERT_EQ(lines.size(), 1u) << TextOf(code);
    EXPECT_THAT(lines[0], testing::AllOf(HasSubstr("level=warning"), HasSubstr(TextOf(code)),
                                         HasSubstr(grant.server_id.value()), HasSubstr("line 3")));
    opening.session = next_session_++;
    opening.problems.emplace();
    ASSERT_TRUE(Open(opening).ok());
    ASSERT_EQ(lines.size(), 2u) << TextOf(code);
    EXPECT_THAT(lines[1], HasSubstr("observed no more"));
  }
  log::SetSinkForTesting(nullptr);
}

class PinsTest : public DoorsTest {
 protected:
  PinsTest() : grant_(Admitted("web-1")) {}
  std::vector<std::string> Apply(const std::string& hub, bool allow_cli,
                                 const std::string& service_account = "") {
    TenantInput tenant;
    tenant.id = TenantId("tenant-0");
    tenant.zones.emplace_back();
    tenant.zones[0].slug = "prod";
    tenant.zones[0].hub_url = hub;
    tenant.zones[0].allow_cli_join = allow_cli;
    tenant.zones[0].service_account = service_account;
    std::vector<TenantInput> fleet;
    fleet.push_back(std::move(tenant));
    const auto changes = Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), operator_, std::move(fleet),
                              ApplyChoices{.replace_hub = true});
    });
    EXPECT_TRUE(changes.ok()) << changes.status();
    return changes.value_or(std::vector<std::string>());
  }
  ZonePin Now() {
    const store::Zone zone = **world_->Read()->zones().Find(zone_);
    return {zone.id, zone.hub_url, zone.allow_cli_join, zone.pin_version, zone.service_account};
  }
  const BootstrapGrant grant_;
};

TEST_F(PinsTest, AChangeReachesThoseWhoAreConnectedAndThoseWhoComeLater) {
  const SessionOpening opening = Opening(grant_, "web-1");
  ASSERT_TRUE(Open(opening).ok());
  world_->worker_events().SessionReady(opening.session);
  world_->RunFor(absl::Seconds(1));
  const ZonePin before = Now();
  Apply("https://moved.example", true);
  world_->RunFor(absl::Seconds(1));
  const ZonePin after = Now();
  EXPECT_GT(after.version, before.version);
  ASSERT_EQ(world_->pins_sent().size(), 1u);
  EXPECT_EQ(world_->pins_sent()[0].second, after);
  // The policy alone, and nothing at all.
  Apply("https://moved.example", false);
  world_->RunFor(absl::Seconds(1));
  ASSERT_EQ(world_->pins_sent().size(), 2u);
  EXPECT_FALSE(world_->pins_sent()[1].second.allow_cli_join);
  Apply("https://moved.example", false);
  world_->RunFor(absl::Seconds(1));
  EXPECT_EQ(world_->pins_sent().size(), 2u);
  // Whom the workers believe, and back.
  Apply("https://moved.example", false, "certify");
  world_->RunFor(absl::Seconds(1));
  ASSERT_EQ(world_->pins_sent().size(), 3u);
  EXPECT_EQ(world_->pins_sent()[2].second.service_account, "certify");
  EXPECT_EQ(Open(Opening(grant_, "web-1"))->pin.service_account, "certify");
  Apply("https://moved.example", false);
  world_->RunFor(absl::Seconds(1));
  EXPECT_EQ(Now().service_account, "");
  const auto later = Open(Opening(grant_, "web-1"));
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->pin.hub_url, "https://moved.example");
  EXPECT_EQ(later->pin.version, Now().version);
}

// The orchestrator was restored; its pin is older than the worker's.
// Remedy walked: E-SESSION-PIN-NEWER
TEST_F(PinsTest, ANewerPinOfAWorkerIsBelievedOrSeen) {
  SessionOpening opening = Opening(grant_, "web-1");
  opening.pin = Now();
  opening.pin->version += 1;
  ASSERT_TRUE(Open(opening).ok());  // It says the same: the version is taken over.
  EXPECT_EQ(Now().version, opening.pin->version);
  EXPECT_THAT(Observed(grant_.server_id), IsEmpty());

  opening.session = next_session_++;
  opening.pin->version += 1;
  opening.pin->hub_url = "https://after-the-backup.example";
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant_.server_id), ElementsAre(FailureCode::kSessionPinNewer));
  // The remedy: apply what is right; its version is the highest again.
  Apply("https://after-the-backup.example", false);
  EXPECT_GT(Now().version, opening.pin->version);
  opening.session = next_session_++;
  opening.pin = Now();
  ASSERT_TRUE(Open(opening).ok());
  EXPECT_THAT(Observed(grant_.server_id), IsEmpty());
}

TEST_F(PinsTest, AWorkerThatKeepsAnotherPinIsSeen) {
  const SessionOpening opening = Opening(grant_, "web-1");
  ASSERT_TRUE(Open(opening).ok());
  ZonePin other = Now();
  other.hub_url = "https://other.example";
  world_->worker_events().PinHeld(opening.session, other, "it cannot be kept: disk full");
  world_->RunFor(absl::Seconds(1));
  const auto seen =
      *world_->Read()->observations().Find(grant_.server_id, FailureCode::kSessionPinRefused);
  ASSERT_TRUE(seen.has_value());
  EXPECT_THAT(seen->detail, HasSubstr("disk full"));
  world_->worker_events().PinHeld(opening.session, Now(), "");
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(grant_.server_id), IsEmpty());
}

// Remedy walked: E-SESSION-AHEAD
TEST_F(DoorsTest, AWorkerThatKnowsALaterMomentTellsThatThisOneWasPutBack) {
  const BootstrapGrant grant = Admitted("web-1");
  const auto open_with = [&](const std::optional<store::AuditLink>& moment) {
    SessionOpening opening = Opening(grant, "web-1");
    opening.moment = moment;
    EXPECT_TRUE(Open(opening).ok());
    world_->worker_events().SessionEnded(opening.session);
    world_->RunFor(absl::Minutes(2));
  };
  const auto events = [&] {
    return world_->Read()->audit().List(store::TenantWall::Everything(), "system", 0, 100)->size();
  };
  open_with(std::nullopt);
  open_with(Now());
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
  EXPECT_EQ(events(), 0u);

  // Put back to before what the worker knows; it is let in all the same.
  store::AuditLink later = Now();
  later.sequence += 3;
  open_with(later);
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kSessionAhead));
  // And gone another way since: the number is there, the hash is not.
  store::AuditLink other = Now();
  other.hash[0] ^= 1;
  open_with(other);
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kSessionAhead));
  EXPECT_EQ(events(), 1u) << "said once";
  // It was on purpose: the worker has been told our moment meanwhile, and nothing needs to be done.
  open_with(Now());
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

// A fleet returns to an orchestrator that was put back, and its sessions share turns.
TEST_F(DoorsTest, ManyWorkersWithALaterMomentAreOneEvent) {
  std::vector<BootstrapGrant> fleet;
  for (const char* name : {"web-1", "web-2", "web-3", "web-4"}) fleet.push_back(Admitted(name));
  store::AuditLink later = Now();
  later.sequence += 100;
  int opened = 0;
  for (const BootstrapGrant& grant : fleet) {
    SessionOpening opening = Opening(grant, ServerOf(grant.server_id).name);
    opening.moment = later;
    world_->worker_events().OpenSession(
        opening, [&opened](const absl::StatusOr<SessionGrant>& open) { opened += open.ok(); });
  }
  world_->RunFor(absl::Minutes(1));
  EXPECT_EQ(opened, 4);
  EXPECT_EQ(world_->Read()->audit().List(store::TenantWall::Everything(), "system", 0, 100)->size(),
            1u);
}

TEST_F(DoorsTest, AMomentThatCannotBeLookedUpSaysNothing) {
  const BootstrapGrant grant = Admitted("web-1");
  for (const store::AuditLink& moment : {store::AuditLink{0, "zero"}, store::AuditLink{-7, ""}}) {
    SessionOpening opening = Opening(grant, "web-1");
    opening.moment = moment;
    EXPECT_TRUE(Open(opening).ok());
    world_->worker_events().SessionEnded(opening.session);
    EXPECT_THAT(Observed(grant.server_id), IsEmpty()) << moment.sequence;
  }
}

// What only a heartbeat says is observed, reported whatever the enrollment, and cleared when it
// says no more.
TEST_F(DoorsTest, WhatAHeartbeatSaysIsObservedUntilItIsCured) {
  const BootstrapGrant grant = Admitted("web-1");
  const SessionOpening opening = Opening(grant, "web-1");
  ASSERT_TRUE(Open(opening).ok());
  store::ServiceFacts facts;
  facts.version = "7.0.1";
  world_->worker_events().Facts(opening.session, facts,
                                {{FailureCode::kServiceConfigBad, "line 3"},
                                 {FailureCode::kJoinRestartDue, "not restarted since"}});
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(
      Observed(grant.server_id),
      testing::UnorderedElementsAre(FailureCode::kServiceConfigBad, FailureCode::kJoinRestartDue));
  const auto report =
      MakeReport(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()), {},
                 world_->clock().Now());
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->observations.size(), 2u);
  EXPECT_EQ(report->observations[0].server, "web-1");
  const auto others =
      MakeReport(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()),
                 {.selection = {TenantId("tenant-1")}}, world_->clock().Now());
  ASSERT_TRUE(others.ok()) << others.status();
  EXPECT_THAT(others->observations, IsEmpty());
  world_->worker_events().Facts(opening.session, facts,
                                {{FailureCode::kServiceConfigBad, "line 3"}});
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kServiceConfigBad));
  world_->worker_events().Facts(opening.session, facts, {});
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

TEST_F(DoorsTest, AClockThatIsPutRightInTheSessionIsObservedNoMore) {
  const BootstrapGrant grant = Admitted("web-1");
  const SessionOpening opening = Opening(grant, "web-1");
  ASSERT_TRUE(Open(opening).ok());
  world_->worker_events().ClockSeen(opening.session, -absl::Hours(30));
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(grant.server_id), ElementsAre(FailureCode::kClockSkew));
  EXPECT_THAT((*world_->Read()->observations().ListOf(grant.server_id))[0].detail,
              HasSubstr("30h behind"));
  world_->worker_events().ClockSeen(opening.session, absl::Seconds(3));
  world_->RunFor(absl::Seconds(1));
  EXPECT_THAT(Observed(grant.server_id), IsEmpty());
}

}  // namespace
}  // namespace muster::core
