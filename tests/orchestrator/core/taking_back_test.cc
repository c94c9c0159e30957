// What an operator does can be taken back: a server that is not let in, a token that is locked, a
// joining key that is taken away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/report/explain.h"
#include "orchestrator/core/report/held.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using Kind = ServerAction::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RejectTest : public HandDriven {
 protected:
  // A machine that nobody expects, and that waits.
  ServerId Waiting(const std::string& name, const std::string& token,
                   const std::string& machine = "") {
    const auto grant = Show(token, name, "key of " + name, machine);
    EXPECT_TRUE(grant.ok()) << grant.status();
    EXPECT_FALSE(grant->admitted);
    EXPECT_TRUE(Certify(*grant, name, "key of " + name).ok());
    return grant->server_id;
  }
  store::Admission AdmissionOf(const ServerId& server) { return ServerOf(server).admission; }
  TokenInput Uses(int uses) {
    TokenInput input;
    input.max_uses = uses;
    return input;
  }
};

// Remedy walked: E-BOOTSTRAP-REJECTED
TEST_F(RejectTest, ARejectedServerIsToldSoAndComesInWhenItIsAdmittedAfterAll) {
  Token("t", Uses(5));
  const ServerId server = Waiting("stranger", "t");
  EXPECT_FAILS_WITH(Open(Opening(server, "stranger")), kDispatchNotAdmitted);
  const auto rejected = Change(server, Kind::kReject, "not one of ours");
  ASSERT_TRUE(rejected.ok()) << rejected.status();
  EXPECT_EQ(rejected->admission, store::Admission::kRejected);
  EXPECT_FAILS_WITH(Open(Opening(server, "stranger")), kBootstrapRejected);
  EXPECT_THAT(Observed(server), ElementsAre(FailureCode::kBootstrapRejected));
  EXPECT_EQ(ProblemOf(ServerOf(server))->code, FailureCode::kBootstrapRejected);
  const auto why =
      ExplainServer(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()), server,
                    world_->clock().Now());
  ASSERT_TRUE(why.ok());
  EXPECT_THAT(why->summary, HasSubstr("'muster server admit'"));
  RolloutInput over_it;
  over_it.selection.names = {"stranger"};
  EXPECT_FAILS_WITH(Start(over_it), kRolloutEmpty);

  ASSERT_TRUE(Admit(server).ok());
  EXPECT_TRUE(Open(Opening(server, "stranger")).ok()) << "with the certificate that it waited with";
  EXPECT_THAT(Observed(server), IsEmpty());
}

TEST_F(RejectTest, ItDoesNotBecomePendingAgainByItself) {
  Token("t", Uses(9));
  const ServerId server = Waiting("stranger", "t", "machine-x");
  ASSERT_TRUE(Change(server, Kind::kReject).ok());
  world_->RunFor(absl::Minutes(1));
  // The same request again, another key, another name of the machine, another name with the key.
  EXPECT_FAILS_WITH(Show("t", "stranger", "key of stranger", "machine-x"), kBootstrapRejected);
  EXPECT_FAILS_WITH(Show("t", "STRANGER", "another key", "machine-x"), kBootstrapRejected);
  EXPECT_FAILS_WITH(Show("t", "other-name", "another key", "machine-x"), kBootstrapRejected);
  EXPECT_FAILS_WITH(Show("t", "other-name", "key of stranger"), kBootstrapRejected);
  EXPECT_FALSE(world_->Read()->servers().FindByName(zone_, "other-name")->has_value());
  EXPECT_EQ(AdmissionOf(server), store::Admission::kRejected);
  EXPECT_THAT(Observed(server), ElementsAre(FailureCode::kBootstrapRejected));
  // Somebody else with the token is not concerned.
  EXPECT_TRUE(Show("t", "neighbor", "key of neighbor", "machine-y").ok());
  // A token made since asks the operator again, under the new name only; one that names the machine
  // says that these are two.
  Token("newer", Uses(9));
  EXPECT_FAILS_WITH(Show("newer", "stranger", "key 3", "machine-x"), kBootstrapRejected);
  const auto asked = Show("newer", "other-name", "key 4", "machine-x");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(AdmissionOf(asked->server_id), store::Admission::kPending);
  TokenInput named = Uses(9);
  named.server_names = {"clone"};
  Token("named", named);
  EXPECT_TRUE(Show("named", "clone", "key 5", "machine-x").ok());
}

TEST_F(RejectTest, RestoreLetsItWaitAgain) {
  Token("t", Uses(5));
  const ServerId server = Waiting("stranger", "t");
  ASSERT_TRUE(Change(server, Kind::kReject).ok());
  ASSERT_TRUE(Change(server, Kind::kRestore).ok());
  EXPECT_EQ(AdmissionOf(server), store::Admission::kPending);
  EXPECT_FAILS_WITH(Open(Opening(server, "stranger")), kDispatchNotAdmitted);
  EXPECT_TRUE(Show("t", "stranger", "key of stranger").ok());
  ASSERT_TRUE(Admit(server).ok());
  EXPECT_TRUE(Open(Opening(server, "stranger")).ok());
}

TEST_F(RejectTest, OnlyWhoWaitsIsRejectedAndWhoIsRejectedGoesOn) {
  const ServerId in = Admitted("web-1");
  const auto refused = Change(in, Kind::kReject);
  EXPECT_FAILS_WITH(refused, kRequestState);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("'muster server evict'"));
  Token("t", Uses(9));
  const ServerId banned = Waiting("one", "t");
  const ServerId retired = Waiting("two", "t");
  const ServerId deleted = Waiting("three", "t");
  for (const ServerId& server : {banned, retired, deleted}) {
    ASSERT_TRUE(Change(server, Kind::kReject).ok());
    EXPECT_FAILS_WITH(Change(server, Kind::kReject), kRequestState);
  }
  EXPECT_TRUE(Change(banned, Kind::kBan).ok());
  EXPECT_TRUE(Change(retired, Kind::kRetire).ok());
  EXPECT_TRUE(Change(deleted, Kind::kDelete).ok());
  EXPECT_TRUE(Show("t", "three", "key of three").ok()) << "forgotten: it may ask again";
}

// The use that its certificate was promised is free for others.
TEST_F(RejectTest, ARejectedServerHoldsNoUseOfItsToken) {
  Token("one use");
  const ServerId server = Waiting("stranger", "one use");
  EXPECT_FAILS_WITH(Show("one use", "wanted", "key of wanted"), kTokenExhausted);
  ASSERT_TRUE(Change(server, Kind::kReject).ok());
  const ServerId wanted = Waiting("wanted", "one use");
  ASSERT_TRUE(Admit(wanted).ok());
  ASSERT_TRUE(Open(Opening(wanted, "wanted")).ok());
  // And whoever an operator lets in by hand needs none.
  ASSERT_TRUE(Admit(server).ok());
  EXPECT_TRUE(Open(Opening(server, "stranger")).ok());
}

TEST_F(RejectTest, WhoIsLetInByHandIsInHoweverLongItWaited) {
  Token("t");
  const auto grant = Show("t", "slow", "key");
  ASSERT_TRUE(grant.ok());
  store::WorkerCertificate certificate;
  certificate.id = CertificateId("slow");
  certificate.server_id = grant->server_id;
  certificate.zone_id = zone_;
  certificate.token_id = grant->token_id;
  certificate.public_key_hash = "key";
  certificate.not_before = certificate.create_time = world_->clock().Now();
  certificate.not_after = world_->clock().Now() + absl::Hours(24 * 30);
  ASSERT_TRUE(Ask<store::WorkerCertificate>([&](auto done) {
                operations().admission.Call(&AdmissionOperations::RecordCertificate,
                                            std::move(done), certificate);
              }).ok());
  world_->RunFor(absl::Hours(24 * 9));
  ASSERT_TRUE(Admit(grant->server_id).ok());
  EXPECT_TRUE(Open(Opening(grant->server_id, "slow")).ok());
}

// Remedy walked: E-BOOTSTRAP-BANNED
TEST_F(RejectTest, ABannedServerIsToldSoUnderEveryName) {
  const ServerId server = Admitted("web-1");
  ASSERT_TRUE(Change(server, Kind::kBan, "stolen").ok());
  EXPECT_FAILS_WITH(Open(Opening(server, "web-1")), kBootstrapBanned);
  TokenInput any = Uses(9);
  any.any_name = true;
  Token("any", any);
  EXPECT_FAILS_WITH(Show("any", "web-1", "new key"), kBootstrapBanned);
  EXPECT_FAILS_WITH(Show("any", "web-2", "key of web-1"), kBootstrapBanned);
  ASSERT_TRUE(Change(server, Kind::kUnban).ok());
  Token("after", any);
  const auto grant = Show("after", "web-1", "new key");
  ASSERT_TRUE(grant.ok()) << grant.status();
  ASSERT_TRUE(Certify(*grant, "anew", "new key").ok());
  EXPECT_TRUE(Open(Opening(server, "anew")).ok());
  EXPECT_THAT(Observed(server), IsEmpty());

  // A retired one likewise.
  Disconnect(server);
  ASSERT_TRUE(Change(server, Kind::kRetire).ok());
  EXPECT_FAILS_WITH(Show("after", "web-1", "key 3"), kBootstrapBanned);
  ASSERT_TRUE(Change(server, Kind::kRestore).ok());
  EXPECT_TRUE(Show("after", "web-1", "key 3").ok());
}

// Remedy walked: E-TOKEN-LOCKED
TEST_F(RejectTest, ALockedTokenLetsNobodyInUntilItIsUnlocked) {
  TokenInput any = Uses(9);
  any.any_name = true;
  const TokenId token = Token("t", any);
  const auto waits = Show("t", "web-1", "key of web-1");
  ASSERT_TRUE(waits.ok());
  ASSERT_TRUE(Certify(*waits, "web-1", "key of web-1").ok());
  ASSERT_EQ(SetLocked(token, true)->state, store::TokenState::kLocked);
  EXPECT_TRUE(SetLocked(token, true).ok()) << "again";
  EXPECT_FAILS_WITH(Show("t", "web-2", "k2"), kTokenLocked);
  EXPECT_FAILS_WITH(Show("t", "web-1", "key of web-1"), kTokenLocked);
  EXPECT_FAILS_WITH(Open(Opening(waits->server_id, "web-1")), kTokenLocked);
  ASSERT_EQ(SetLocked(token, false)->state, store::TokenState::kActive);
  EXPECT_TRUE(Open(Opening(waits->server_id, "web-1")).ok());
  EXPECT_TRUE(Show("t", "web-2", "k2").ok());
  EXPECT_TRUE(SetLocked(token, false).ok()) << "again";
}

TEST_F(RejectTest, ALockChangesNothingElse) {
  TokenInput any = Uses(1);
  any.any_name = true;
  any.ttl = absl::Hours(2);
  const TokenId late = Token("late", any);
  const TokenId spent = Token("spent", any);
  const auto grant = Show("spent", "web-1", "key of web-1");
  ASSERT_TRUE(Certify(*grant, "web-1", "key of web-1").ok());
  ASSERT_TRUE(Open(Opening(grant->server_id, "web-1")).ok());
  EXPECT_FAILS_WITH(SetLocked(spent, true), kRequestState);
  EXPECT_FAILS_WITH(SetLocked(spent, false), kRequestState);
  ASSERT_TRUE(SetLocked(late, true).ok());
  world_->RunFor(absl::Hours(3));
  EXPECT_EQ(SetLocked(late, false)->state, store::TokenState::kExpired);
  EXPECT_FAILS_WITH(SetLocked(late, true), kRequestState);
  EXPECT_FAILS_WITH(SetLocked(TokenId("tok-none"), true), kInventoryToken);
  Actor elsewhere{"operator:opr-b", store::TenantWall::Of({TenantId("tenant-1")})};
  EXPECT_FAILS_WITH(Ask<store::BootstrapToken>([&](auto done) {
                      operations().tokens.Call(&TokenOperations::SetLocked, std::move(done),
                                               elsewhere, spent, true);
                    }),
                    kInventoryToken);
}

class KeyRemovalTest : public HandDriven {
 protected:
  std::vector<HeldZone> Held(const RolloutId& rollout) {
    return *HeldZones(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()),
                      world_->RolloutNow(rollout), world_->Counts(rollout), world_->Now());
  }
};

// Remedy walked: E-KEY-MISSING
TEST_F(KeyRemovalTest, TargetsOfAZoneWithoutKeyAreHeldUntilOneIsSet) {
  const ServerId server = Admitted("web-1");
  Disconnect(server);
  const RolloutId rollout = StartOn(server);
  EXPECT_THAT(Held(rollout), IsEmpty());
  ASSERT_TRUE(RemoveKey().ok());
  EXPECT_FALSE(world_->Read()->zones().FindActiveKey(zone_)->has_value());
  EXPECT_FAILS_WITH(RemoveKey(), kRequestState);
  Connect(server, "web-1");
  world_->RunFor(absl::Minutes(10));
  EXPECT_THAT(*world_->Read()->attempts().ListOpen(), IsEmpty());
  EXPECT_EQ(world_->Counts(rollout).waiting, 1) << "held, not failed";
  ASSERT_THAT(Held(rollout), SizeIs(1));
  EXPECT_EQ(Held(rollout)[0].zone_id, zone_);
  EXPECT_THAT(HeldText(Held(rollout)), HasSubstr("'muster key set'"));
  EXPECT_TRUE(world_->watched().contains(rollout));
  const auto report =
      MakeReport(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()), {},
                 world_->clock().Now());
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->problems.size(), 1u);
  EXPECT_EQ(report->problems[0].failure.code, FailureCode::kKeyMissing);
  const auto why =
      ExplainServer(store::WalledSnapshot(*world_->Read(), store::TenantWall::Everything()), server,
                    world_->clock().Now());
  EXPECT_THAT(why->summary, HasSubstr("It is held: E-KEY-MISSING"));
  // New ones are refused at once.
  const ServerId other = Admitted("web-2");
  RolloutInput input;
  input.selection.names = {"web-2"};
  EXPECT_FAILS_WITH(Start(input), kKeyMissing);

  ASSERT_TRUE(SetKey("another secret").ok());
  ExpectEnrolls(server, rollout);
  EXPECT_THAT(Held(rollout), IsEmpty());
  RunAgainWell(other);
}

// What held it once is not why it did not come to it in the end.
TEST_F(KeyRemovalTest, AKeyThatWasSetInTimeIsNotBlamed) {
  const ServerId server = Admitted("web-1");
  Disconnect(server);
  RolloutInput input;
  input.selection.names = {"web-1"};
  input.deadline = absl::Hours(1);
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok()) << rollout.status();
  ASSERT_TRUE(RemoveKey().ok());
  Connect(server, "web-1");
  world_->RunFor(absl::Minutes(5));
  ASSERT_THAT(Held(rollout->id), SizeIs(1));
  EXPECT_EQ(Held(rollout->id)[0].zone_id, zone_);
  ASSERT_TRUE(Ask<store::Rollout>([&](auto done) {
                operations().rollouts.Call(&RolloutOperations::Pause, std::move(done), operator_,
                                           rollout->id);
              }).ok());
  ASSERT_TRUE(SetKey("another secret").ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(3)));
  const auto target = *world_->Read()->rollouts().FindTarget(rollout->id, server);
  EXPECT_EQ(target->failure->code, FailureCode::kRolloutDeadline) << target->failure->detail;
}

TEST_F(KeyRemovalTest, OtherZonesGoOnAndTheDeadlineSaysWhy) {
  Build(4);
  ASSERT_TRUE(RemoveKey().ok());
  RolloutInput all;
  EXPECT_FAILS_WITH(Start(all), kKeyMissing);
  ASSERT_TRUE(SetKey("secret-0").ok());
  CoreOptions options;
  RolloutInput input;
  input.deadline = absl::Hours(2);
  input.max_failures = "100%";
  input.max_concurrency = "1";
  const auto rollout = Start(input);
  ASSERT_TRUE(rollout.ok());
  ASSERT_TRUE(RemoveKey().ok());
  ASSERT_TRUE(Finishes(rollout->id, absl::Hours(5)));
  int missing = 0;
  for (size_t i = 0; i < 4; ++i) {
    const store::Server server = world_->ServerAt(i);
    if (server.zone_id != zone_) {
      EXPECT_EQ(server.enrollment, store::Enrollment::kEnrolled) << i;
    } else if (server.failure.has_value()) {
      EXPECT_EQ(server.failure->code, FailureCode::kKeyMissing);
      ++missing;
    }
  }
  EXPECT_GE(missing, 1);
}

// What was sent before stays good: nothing calls a secret back from a worker.
TEST_F(KeyRemovalTest, AJoinThatIsUnderWayEnds) {
  const ServerId server = Admitted("web-1");
  const RolloutId rollout = StartOn(server);
  ASSERT_TRUE(AttemptOn(server).has_value());
  ASSERT_TRUE(RemoveKey().ok());
  ExpectEnrolls(server, rollout);
}

TEST_F(KeyRemovalTest, AnOlderFileDoesNotBringItBackUnasked) {
  const auto apply = [this](std::optional<std::string> secret, bool none, ApplyChoices choices) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    TenantInput& tenant = fleet->emplace_back();
    tenant.id = TenantId("acme");
    ZoneInput& zone = tenant.zones.emplace_back();
    zone.slug = "prod";
    zone.hub_url = "https://acme.example";
    if (secret.has_value()) zone.joining_key = JoiningKeyInput{"client", Secret::CopyOf(*secret)};
    zone.no_joining_key = none;
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), operator_,
                              std::move(*fleet), choices);
    });
  };
  const ZoneId acme("acme/prod");
  const auto has_key = [&] { return world_->Read()->zones().FindActiveKey(acme)->has_value(); };
  constexpr ApplyChoices kReplace{.replace_keys = true};
  ASSERT_TRUE(apply("s1", false, {}).ok());
  EXPECT_FAILS_WITH(apply("s1", true, kReplace), kConfigInvalid);
  // By the file: asked for, and a dry run only says so.
  EXPECT_FAILS_WITH(apply({}, true, {}), kKeyReplace);
  EXPECT_THAT(*apply({}, true, {.dry_run = true}),
              ElementsAre("take joining key of zone acme/prod away: client id client (needs "
                          "--replace-keys)"));
  EXPECT_TRUE(has_key());
  ASSERT_TRUE(apply({}, true, kReplace).ok());
  EXPECT_FALSE(has_key());
  EXPECT_THAT(*apply({}, true, {}), IsEmpty()) << "it is so already";
  // The file from before.
  EXPECT_FAILS_WITH(apply("s1", false, {}), kKeyReplace);
  EXPECT_THAT(*apply("s1", false, {.dry_run = true}),
              ElementsAre("set joining key of zone acme/prod: client id client; this is version 1, "
                          "taken away since (needs --replace-keys)"));
  EXPECT_FALSE(has_key());
  EXPECT_THAT(*apply("s2", false, {}),
              ElementsAre("set joining key of zone acme/prod: client id client"));
  EXPECT_TRUE(has_key());
  ASSERT_TRUE(apply({}, true, kReplace).ok());
  ASSERT_TRUE(apply("s1", false, kReplace).ok());
  EXPECT_TRUE(has_key());
}

TEST_F(KeyRemovalTest, WhenAKeyEndsIsSaidWithoutAnotherKeyAndTakenBack) {
  const auto apply = [this](std::optional<absl::Time> end, bool keeps, bool dry_run = false) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    TenantInput& tenant = fleet->emplace_back();
    tenant.id = TenantId("acme");
    ZoneInput& zone = tenant.zones.emplace_back();
    zone.slug = "prod";
    zone.hub_url = "https://acme.example";
    zone.joining_key = JoiningKeyInput{"client", Secret::CopyOf("s1")};
    zone.joining_key->expire_time = end;
    zone.joining_key->keeps_expiry = keeps;
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), operator_,
                              std::move(*fleet), ApplyChoices{.dry_run = dry_run});
    });
  };
  const auto key = [this] { return **world_->Read()->zones().FindActiveKey(ZoneId("acme/prod")); };
  const absl::Time first = absl::FromUnixSeconds(1'800'000'000);
  const absl::Time later = first + absl::Hours(24);
  ASSERT_TRUE(apply(first, false).ok());
  EXPECT_EQ(key().expire_time, first);
  EXPECT_THAT(*apply(std::nullopt, true), IsEmpty()) << "absent: kept";
  EXPECT_THAT(*apply(later, false, /*dry_run=*/true), testing::SizeIs(1));
  EXPECT_EQ(key().expire_time, first);
  EXPECT_THAT(*apply(later, false),
              ElementsAre("joining key of zone acme/prod ends at 2027-01-16T08:00:00Z"));
  EXPECT_EQ(key().expire_time, later);
  EXPECT_THAT(*apply(std::nullopt, false), ElementsAre("joining key of zone acme/prod never ends"));
  EXPECT_EQ(key().expire_time, std::nullopt);
  EXPECT_EQ(key().version, 1);
}

// Whatever a fleet file can set of a zone, it can take back: the zone is as it was made.
TEST_F(KeyRemovalTest, WhatAFileSetsOfAZoneItTakesBack) {
  const auto apply = [this](ZoneInput zone) {
    auto fleet = std::make_shared<std::vector<TenantInput>>();
    TenantInput& tenant = fleet->emplace_back();
    tenant.id = TenantId("acme");
    zone.slug = "prod";
    zone.hub_url = "https://acme.example";
    tenant.zones.push_back(std::move(zone));
    return Ask<std::vector<std::string>>([&](auto done) {
      operations().fleet.Call(&FleetOperations::Apply, std::move(done), operator_,
                              std::move(*fleet), ApplyChoices{.replace_keys = true});
    });
  };
  const auto now = [this] { return **world_->Read()->zones().Find(ZoneId("acme/prod")); };
  ASSERT_TRUE(apply({}).ok());
  const store::Zone made = now();
  ZoneInput set;
  set.display_name = "Production";
  set.hub_ca_pem = "pem";
  set.max_concurrent_joins = 7;
  set.allow_cli_join = true;
  set.service_account = "certify";
  set.joining_key = JoiningKeyInput{"client", Secret::CopyOf("s")};
  set.verifier =
      VerifierInput{store::VerifierKind::kApiToken, "viewer", Secret::CopyOf("viewer-secret")};
  ASSERT_TRUE(apply(std::move(set)).ok());
  ZoneInput back;
  back.display_name = "";
  back.hub_ca_pem = "";
  back.max_concurrent_joins = 0;
  back.allow_cli_join = false;
  back.service_account = "";
  back.no_joining_key = true;
  back.verifier = VerifierInput{};
  ASSERT_TRUE(apply(std::move(back)).ok());
  const store::Zone after = now();
  EXPECT_EQ(after.display_name, made.display_name);
  EXPECT_EQ(after.hub_ca_pem, made.hub_ca_pem);
  EXPECT_EQ(after.max_concurrent_joins, made.max_concurrent_joins);
  EXPECT_EQ(after.allow_cli_join, made.allow_cli_join);
  EXPECT_EQ(after.service_account, made.service_account);
  EXPECT_EQ(after.verifier.kind, store::VerifierKind::kNone);
  EXPECT_TRUE(after.verifier.secret.empty());
  EXPECT_THAT(
      *world_->Read()->zones().ListWithoutKey(store::TenantWall::Everything(), TenantId("acme")),
      Contains(after.id));
}

}  // namespace
}  // namespace muster::core
