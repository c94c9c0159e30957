// Admission is of a key: who holds it comes in, and nobody else under the same name; what was
// answered once is answered again; who was put out stays out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/admission/certificates.h"
#include "orchestrator/core/admission/key_admission.h"
#include "orchestrator/core/admission/name_holders.h"
#include "orchestrator/core/inventory/look_alikes.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using Kind = ServerAction::Kind;
using testing::HasSubstr;

class KeyAdmissionTest : public HandDriven {
 protected:
  static TokenInput Uses(int uses, store::TokenMode mode = store::TokenMode::kAuto) {
    TokenInput input;
    input.max_uses = uses;
    input.mode = mode;
    input.ttl = absl::Hours(24 * 30);
    return input;
  }
  static TokenInput Named(const std::string& name,
                          store::TokenMode mode = store::TokenMode::kAuto) {
    TokenInput input = Uses(1, mode);
    input.server_names = {name};
    return input;
  }
  static TokenInput AnyName(int uses) {
    TokenInput input = Uses(uses);
    input.any_name = true;
    return input;
  }
  // As the desk does it: signed, for 30 days, and with its PEM on record.
  absl::StatusOr<store::WorkerCertificate> Issue(const BootstrapGrant& grant,
                                                 const std::string& id) {
    return Record(grant.server_id, grant.token_id, id, "key of " + id);
  }
  absl::StatusOr<store::WorkerCertificate> Record(const ServerId& server, const TokenId& token,
                                                  const std::string& id, const std::string& key) {
    store::WorkerCertificate certificate;
    certificate.id = CertificateId(id);
    certificate.server_id = server;
    certificate.zone_id = zone_;
    certificate.token_id = token;
    certificate.public_key_hash = key;
    certificate.not_before = certificate.create_time = world_->clock().Now();
    certificate.not_after = world_->clock().Now() + absl::Hours(24 * 30);
    certificate.pem = "pem of " + id;
    return Ask<store::WorkerCertificate>([&](auto done) {
      operations().admission.Call(&AdmissionOperations::RecordCertificate, std::move(done),
                                  certificate);
    });
  }
  absl::StatusOr<RenewalGrant> AskRenewal(const ServerId& server, const std::string& certificate,
                                          const std::string& key) {
    return Ask<RenewalGrant>([&](auto done) {
      operations().admission.Call(&AdmissionOperations::Renew, std::move(done),
                                  RenewalRequest{CertificateId(certificate), server, zone_, key});
    });
  }
  // A machine whose certificate is on record and that has not come yet.
  ServerId Waiting(const std::string& name, const std::string& token) {
    const auto grant = Show(token, name, "key of " + name);
    EXPECT_TRUE(grant.ok()) << grant.status();
    EXPECT_TRUE(Issue(*grant, name).ok());
    return grant->server_id;
  }
  // The same, in.
  ServerId In(const std::string& name) {
    Token("token of " + name, AnyName(1));
    const ServerId server = Waiting(name, "token of " + name);
    EXPECT_TRUE(Open(Opening(server, name)).ok());
    return server;
  }
  void Evict(const ServerId& server) {
    EXPECT_TRUE(Ask<store::Server>([&](auto done) {
                  operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_,
                                            server, "lost");
                }).ok());
    world_->RunFor(absl::Seconds(1));
  }
  ShownKey Shown(const ServerId& server) {
    const auto snapshot = world_->Read();
    return *KeyOf(store::WalledSnapshot(*snapshot, store::TenantWall::Everything()),
                  ServerOf(server), world_->clock().Now());
  }
  size_t CertificatesOf(const ServerId& server) {
    return world_->Read()->certificates().ListOf(server)->size();
  }
  store::BootstrapToken TokenNow(const TokenId& id) { return **world_->Read()->tokens().Find(id); }
};

// A stranger may choose a name that an operator takes for another one's.
TEST_F(KeyAdmissionTest, ANameThatLooksLikeAnotherIsSaidWhereItIsShown) {
  In("web-01");
  TokenInput pending = Uses(3, store::TokenMode::kPending);
  Token("t", pending);
  const ServerId twin = Waiting("web-0l", "t");
  const ServerId other = Waiting("web-02", "t");
  const auto alike = [this](const ServerId& server) {
    const auto snapshot = world_->Read();
    return *FindLookAlikes(store::WalledSnapshot(*snapshot, store::TenantWall::Everything()),
                           ServerOf(server));
  };
  EXPECT_THAT(alike(twin), testing::ElementsAre("web-01"));
  EXPECT_THAT(alike(other), testing::IsEmpty());
  const auto events = *world_->Read()->audit().List(
      {.subject = twin.value(), .wall = store::TenantWall::Everything()});
  ASSERT_FALSE(events.empty());
  EXPECT_THAT(events.back().detail, HasSubstr("looks like web-01 of the same zone"));
}

// Which token is from before is told by dates, and clocks are set back.
TEST_F(KeyAdmissionTest, AClockThatWasSetBackMakesNoOldTokenNew) {
  const ServerId server = In("web-1");
  Token("from before", AnyName(3));
  world_->clock().StepWall(-absl::Hours(2));
  Evict(server);
  EXPECT_FAILS_WITH(Show("from before", "web-1", "another key"), kBootstrapEvicted);
  Token("made since", AnyName(3));
  EXPECT_TRUE(Show("made since", "web-1", "another key").ok());
}

TEST_F(KeyAdmissionTest, ATokenNamesSoManyServers) {
  TokenInput input;
  for (int i = 0; i <= 1000; ++i) input.server_names.push_back(absl::StrCat("web-", i));
  input.secret_hash = "t";
  EXPECT_FAILS_WITH(MakeToken(input), kRequestInvalid);
  input.server_names.pop_back();
  EXPECT_TRUE(MakeToken(input).ok());
}

// What is shown as waiting for an operator is what an operator lets in, by one rule.
TEST_F(KeyAdmissionTest, WhatIsShownIsWhatIsLetIn) {
  TokenInput pending = Uses(1, store::TokenMode::kPending);
  Token("t", pending);
  const ServerId server = Waiting("web-1", "t");
  EXPECT_EQ(Shown(server).fingerprint, "key of web-1");
  EXPECT_TRUE(Shown(server).waits);
  ASSERT_TRUE(Admit(server, Shown(server).fingerprint).ok());
  EXPECT_TRUE(Shown(server).waits) << "for its first session";
  ASSERT_TRUE(Open(Opening(server, "web-1")).ok());
  EXPECT_FALSE(Shown(server).waits);
  EXPECT_EQ(Shown(server).fingerprint, "key of web-1");
}

// Remedy walked: E-BOOTSTRAP-KEY-WAITS
TEST_F(KeyAdmissionTest, ASecondKeyIsRefusedWhileOneWaits) {
  for (const store::TokenMode mode : {store::TokenMode::kPending, store::TokenMode::kAuto}) {
    const bool pending = mode == store::TokenMode::kPending;
    const std::string name = pending ? "asked" : "free";
    TokenInput many = Uses(9, mode);
    many.any_name = true;
    Token("first " + name, many);
    const ServerId server = Waiting(name, "first " + name);
    world_->RunFor(absl::Minutes(1));
    Token("later " + name, many);
    for (const char* token : {"first ", "later "}) {
      EXPECT_FAILS_WITH(Show(token + name, name, "attacker's key"), kBootstrapKeyWaits);
    }
    EXPECT_EQ(Shown(server).fingerprint, "key of " + name);
    EXPECT_TRUE(Shown(server).waits);
    // A token that names it, made since: this is the machine that is meant.
    Token("named " + name, Named(name));
    const auto anew = Show("named " + name, name, "key of anew " + name);
    ASSERT_TRUE(anew.ok()) << anew.status();
    ASSERT_TRUE(Issue(*anew, "anew " + name).ok());
    EXPECT_EQ(Shown(server).fingerprint, "key of anew " + name);
    EXPECT_TRUE(Open(Opening(server, "anew " + name)).ok());
    EXPECT_FAILS_WITH(Open(Opening(server, name)), kCertRevoked);
    EXPECT_FALSE(Shown(server).waits);
  }
}

TEST_F(KeyAdmissionTest, ATokenThatWasThereBeforeReplacesNobodyThoughItNamesTheServer) {
  TokenInput named = Named("web-1");
  named.max_uses = 2;
  Token("leaked", named);
  const ServerId server = Waiting("web-1", "leaked");
  EXPECT_FAILS_WITH(Show("leaked", "web-1", "attacker's key"), kBootstrapKeyWaits);
  EXPECT_TRUE(Open(Opening(server, "web-1")).ok());
}

TEST_F(KeyAdmissionTest, AKeyHoldsTheNameNoLongerThanItCanComeIn) {
  // Its token was revoked.
  const TokenId revoked = Token("revoked", AnyName(2));
  Waiting("one", "revoked");
  ASSERT_TRUE(Ask<store::BootstrapToken>([&](auto done) {
                operations().tokens.Call(&TokenOperations::Revoke, std::move(done), operator_,
                                         revoked);
              }).ok());
  Token("other", AnyName(9));
  EXPECT_TRUE(Show("other", "one", "another key").ok());
  // Its time is over.
  Waiting("two", "other");
  world_->RunFor(kFirstSessionWithin - absl::Hours(1));
  EXPECT_FAILS_WITH(Show("other", "two", "another key"), kBootstrapKeyWaits);
  world_->RunFor(absl::Hours(2));
  EXPECT_TRUE(Show("other", "two", "another key").ok());
}

// The decision is made on the record, though two asked before either certificate was on it.
TEST_F(KeyAdmissionTest, OfTwoKeysThatAskAtOnceOneWaits) {
  Token("t", Uses(9, store::TokenMode::kPending));
  const auto first = Show("t", "web-1", "key of a");
  const auto second = Show("t", "web-1", "key of b");
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(Issue(*first, "a").ok());
  EXPECT_FAILS_WITH(Issue(*second, "b"), kBootstrapKeyWaits);
  EXPECT_EQ(CertificatesOf(first->server_id), 1u);
}

// Remedy walked: E-INVENTORY-KEY
TEST_F(KeyAdmissionTest, AnOperatorLetsInAKeyAndNobodyElseUnderItsName) {
  Token("t", Uses(9, store::TokenMode::kPending));
  const ServerId server = Waiting("web-1", "t");
  const auto other = Admit(server, "a key that somebody told me");
  EXPECT_FAILS_WITH(other, kInventoryKey);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("key of web-1"));
  EXPECT_EQ(ServerOf(server).admission, store::Admission::kPending);
  ASSERT_TRUE(Admit(server, Shown(server).fingerprint).ok());
  // Between admission and first session somebody else comes with the same name.
  EXPECT_FAILS_WITH(Show("t", "web-1", "attacker's key"), kBootstrapKeyWaits);
  Token("later", Uses(9, store::TokenMode::kPending));
  EXPECT_FAILS_WITH(Show("later", "web-1", "attacker's key"), kBootstrapKeyWaits);
  Token("named", Named("web-1", store::TokenMode::kPending));
  EXPECT_FAILS_WITH(Show("named", "web-1", "attacker's key"), kBootstrapKeyWaits);
  EXPECT_TRUE(Open(Opening(server, "web-1")).ok());
  EXPECT_FAILS_WITH(Admit(server), kRequestState);
}

TEST_F(KeyAdmissionTest, WithoutAKeyNobodyIsLetIn) {
  Token("t", Uses(9, store::TokenMode::kPending));
  const auto asked = Show("t", "web-1", "key of web-1");  // Its certificate never came on record.
  ASSERT_TRUE(asked.ok());
  EXPECT_FAILS_WITH(Admit(asked->server_id), kInventoryKey);
  ASSERT_TRUE(Issue(*asked, "web-1").ok());
  EXPECT_TRUE(Admit(asked->server_id).ok());
  EXPECT_TRUE(Open(Opening(asked->server_id, "web-1")).ok());
}

// A name that was let in with a key that never came says nothing of the next key.
TEST_F(KeyAdmissionTest, ANameThatWasLetInDoesNotLetInItsNextKey) {
  Token("t", Uses(9, store::TokenMode::kPending));
  const ServerId server = Waiting("web-1", "t");
  ASSERT_TRUE(Admit(server).ok());
  world_->RunFor(absl::Hours(24 * 29));
  Token("late", Uses(9, store::TokenMode::kPending));
  world_->RunFor(absl::Hours(24 * 2));  // The first key's certificate has ended.
  const auto next = Show("late", "web-1", "key of next");
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_FALSE(next->admitted);
  ASSERT_TRUE(Issue(*next, "next").ok());
  EXPECT_FAILS_WITH(Open(Opening(server, "next")), kDispatchNotAdmitted);
  EXPECT_THAT(Observed(server), testing::ElementsAre(FailureCode::kDispatchNotAdmitted))
      << "it is in, and so its state tells nothing of this key";
  EXPECT_TRUE(Shown(server).waits);
  ASSERT_TRUE(Admit(server, "key of next").ok());
  EXPECT_TRUE(Open(Opening(server, "next")).ok());
  EXPECT_THAT(Observed(server), testing::IsEmpty());
}

TEST_F(KeyAdmissionTest, ATokenOfOneUseAdmitsOneHoweverLongItWaits) {
  const TokenId token = Token("one", Uses(1, store::TokenMode::kPending));
  const ServerId server = Waiting("web-1", "one");
  for (const int days : {1, 8, 15}) {
    world_->RunFor(absl::Hours(24 * days) - (world_->clock().Now() - TokenNow(token).create_time));
    EXPECT_FAILS_WITH(Show("one", "web-2", "key of web-2"), kTokenExhausted);
  }
  ASSERT_TRUE(Admit(server).ok());
  EXPECT_FAILS_WITH(Show("one", "web-2", "key of web-2"), kTokenExhausted);
  ASSERT_TRUE(Open(Opening(server, "web-1")).ok());
  EXPECT_FAILS_WITH(Show("one", "web-2", "key of web-2"), kTokenExhausted);
  EXPECT_EQ(TokenNow(token).uses, 1);
  EXPECT_EQ(world_->Read()->servers().FindByName(zone_, "web-2")->has_value(), false);
}

// Whoever saw the request may show it again, as often as they like.
TEST_F(KeyAdmissionTest, ARequestThatWasAnsweredIsAnsweredAgainAndCostsNothing) {
  const TokenId token = Token("t", AnyName(2));
  const ServerId server = Waiting("web-1", "t");
  const auto replay = [&] {
    const auto grant = Show("t", "WEB-1", "key of web-1");
    EXPECT_TRUE(grant.ok()) << grant.status();
    return grant.ok() ? grant->certificate_pem : "";
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(replay(), "pem of web-1");
  // Though two asked at once and both certificates were signed.
  BootstrapGrant grant;
  grant.server_id = server;
  grant.token_id = token;
  const auto recorded = Record(server, token, "signed twice", "key of web-1");
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(recorded->pem, "pem of web-1");
  EXPECT_EQ(CertificatesOf(server), 1u);

  ASSERT_TRUE(Open(Opening(server, "web-1")).ok());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(replay(), "pem of web-1");
  EXPECT_EQ(CertificatesOf(server), 1u);
  EXPECT_EQ(TokenNow(token).uses, 1);
  ASSERT_TRUE(Open(Opening(server, "web-1")).ok()) << "its certificate is in force";
  // The other use is another machine's, and the token is used up.
  const ServerId other = Waiting("web-2", "t");
  ASSERT_TRUE(Open(Opening(other, "web-2")).ok());
  EXPECT_EQ(replay(), "pem of web-1");
  // The renewal is what the key has now.
  world_->RunFor(absl::Hours(24 * 20));
  ASSERT_EQ(AskRenewal(server, "web-1", "key of web-1")->certificate_pem, "");
  ASSERT_TRUE(Record(server, TokenId(), "renewed", "key of web-1").ok());
  EXPECT_EQ(replay(), "pem of renewed");
  SessionOpening renewed = Opening(server, "renewed");
  renewed.public_key_hash = "key of web-1";
  ASSERT_TRUE(Open(renewed).ok());
  EXPECT_EQ(replay(), "pem of renewed");
  EXPECT_EQ(CertificatesOf(server), 2u);
  EXPECT_EQ(TokenNow(token).uses, 2);
}

// Remedy walked: E-CERT-NOT-DUE
TEST_F(KeyAdmissionTest, ARenewalNeedsACertificateThatHadASessionAndIsDue) {
  const ServerId admitted = [&] {
    Token("t", Uses(2, store::TokenMode::kPending));
    const ServerId server = Waiting("asked", "t");
    EXPECT_TRUE(Admit(server).ok());
    return server;
  }();
  world_->RunFor(absl::Hours(24 * 20));
  EXPECT_FAILS_WITH(AskRenewal(admitted, "asked", "key of asked"), kCertNotDue);  // It never came.
  ASSERT_TRUE(Open(Opening(admitted, "asked")).ok());
  EXPECT_TRUE(AskRenewal(admitted, "asked", "key of asked").ok());

  const ServerId server = In("web-1");
  for (const int days : {1, 10, 18}) {
    world_->RunFor(absl::Hours(24 * days) - (world_->clock().Now() - ServerOf(server).create_time));
    EXPECT_FAILS_WITH(AskRenewal(server, "web-1", "key of web-1"), kCertNotDue);
  }
  world_->RunFor(absl::Hours(24 * 2));  // The worker tries again by itself.
  EXPECT_TRUE(AskRenewal(server, "web-1", "key of web-1").ok());
  EXPECT_FAILS_WITH(AskRenewal(server, "none", "k"), kCertUnknown);
  EXPECT_FAILS_WITH(AskRenewal(admitted, "web-1", "k"), kCertForeign);
  world_->RunFor(absl::Hours(24 * 30));
  EXPECT_FAILS_WITH(AskRenewal(server, "web-1", "key of web-1"), kCertExpired);
}

TEST_F(KeyAdmissionTest, RenewalsWithoutEndMakeOneCertificateForAKeyAndOneAnHourForOthers) {
  const ServerId server = In("web-1");
  world_->RunFor(absl::Hours(24 * 20));
  int granted = 0;
  const auto renew = [&](const std::string& key) {
    const auto grant = AskRenewal(server, "web-1", key);
    if (!grant.ok()) return grant.status();
    ++granted;
    if (!grant->certificate_pem.empty()) return absl::OkStatus();
    return Record(server, TokenId(), absl::StrCat("renewal ", granted), key).status();
  };
  const size_t before = CertificatesOf(server);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(renew("key of web-1").ok());
  EXPECT_EQ(CertificatesOf(server), before + 1) << "200 renewals of one key";
  granted = 1000;
  absl::Time start = world_->clock().Now();
  for (int i = 0; i < 720; ++i) {  // Every ten seconds for two hours.
    (void)renew(absl::StrCat("key ", i));
    world_->RunFor(absl::Seconds(10));
  }
  EXPECT_LE(CertificatesOf(server), before + 1 + 2);
  EXPECT_GE(world_->clock().Now() - start, absl::Hours(2));
  // The certificate that is in use is in force whatever was asked for.
  EXPECT_TRUE(Open(Opening(server, "web-1")).ok());
}

TEST_F(KeyAdmissionTest, EvictionsAreRememberedUnderEveryName) {
  Token("before", AnyName(9));
  const auto grant = Show("before", "web-1", "key of web-1", "machine-x");
  ASSERT_TRUE(grant.ok());
  const ServerId server = grant->server_id;
  ASSERT_TRUE(Issue(*grant, "web-1").ok());
  SessionOpening opening = Opening(server, "web-1");
  opening.machine.machine_id_hash = "machine-x";
  ASSERT_TRUE(Open(opening).ok());
  // It changed its key since.
  world_->RunFor(absl::Hours(24 * 20));
  ASSERT_TRUE(Record(server, TokenId(), "second", "key of second").ok());
  opening = Opening(server, "second");
  opening.machine.machine_id_hash = "machine-x";
  ASSERT_TRUE(Open(opening).ok());
  Evict(server);

  Token("after", AnyName(9));
  Token("says its name", Named("web-9"));
  for (const char* key : {"key of web-1", "key of second"}) {
    EXPECT_FAILS_WITH(Show("after", "web-1", key), kBootstrapEvicted);
    EXPECT_FAILS_WITH(Show("after", "web-9", key), kBootstrapEvicted);
    EXPECT_FAILS_WITH(Show("says its name", "web-9", key), kBootstrapEvicted);
  }
  EXPECT_FAILS_WITH(Open(Opening(server, "web-1")), kCertRevoked);
  EXPECT_FALSE(world_->Read()->servers().FindByName(zone_, "web-9")->has_value());
  // A certificate that is not on record and has such a key, as after a restored backup.
  SessionOpening restored = Opening(server, "unknown");
  restored.public_key_hash = "key of web-1";
  EXPECT_FAILS_WITH(Open(restored), kCertRevoked);
  // The way back: a token made since, a key made since.
  const auto back = Show("after", "web-1", "key of third", "machine-x");
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_TRUE(Issue(*back, "third").ok());
  EXPECT_TRUE(Open(Opening(server, "third")).ok());
  // And the old keys stay out when it is in, and when their certificates have ended.
  world_->RunFor(absl::Hours(24 * 40));
  EXPECT_FAILS_WITH(Show("after", "web-9", "key of second"), kTokenExpired);
  Token("much later", AnyName(9));
  EXPECT_FAILS_WITH(Show("much later", "web-9", "key of second"), kBootstrapEvicted);
}

TEST_F(KeyAdmissionTest, ATokenFromBeforeTheEvictionDoesNotAdmitTheMachineUnderAnotherName) {
  Token("before", AnyName(9));
  const auto grant = Show("before", "web-1", "key of web-1", "machine-x");
  ASSERT_TRUE(Issue(*grant, "web-1").ok());
  SessionOpening opening = Opening(grant->server_id, "web-1");
  opening.machine.machine_id_hash = "machine-x";
  ASSERT_TRUE(Open(opening).ok());
  Evict(grant->server_id);
  EXPECT_FAILS_WITH(Show("before", "web-9", "new key", "machine-x"), kBootstrapEvicted);
  EXPECT_THAT(Observed(grant->server_id), testing::Contains(FailureCode::kBootstrapEvicted));
  Token("after", AnyName(9));
  EXPECT_TRUE(Show("after", "web-9", "new key", "machine-x").ok());
}

// Remedy walked: E-REQUEST-STATE, E-INVENTORY-TOKEN
TEST_F(KeyAdmissionTest, AStateThatForbidsNamesTheWayThatLeadsOn) {
  Token("t", Uses(9, store::TokenMode::kPending));
  const ServerId server = Waiting("web-1", "t");
  const auto evicted = Ask<store::Server>([&](auto done) {
    operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_, server, "");
  });
  EXPECT_FAILS_WITH(evicted, kRequestState);
  EXPECT_EQ(evicted.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(evicted.status().message()), HasSubstr("'muster server ban'"));
  EXPECT_TRUE(Change(server, Kind::kBan).ok());
  ASSERT_TRUE(RemoveKey().ok());
  EXPECT_FAILS_WITH(RemoveKey(), kRequestState);

  EXPECT_FAILS_WITH(SetLocked(TokenId("tok-mistyped"), true), kInventoryToken);
  const auto listed = *world_->Read()->tokens().List(store::TenantWall::Everything(), zone_);
  ASSERT_FALSE(listed.empty());
  EXPECT_TRUE(SetLocked(listed.front().id, true).ok());
}

}  // namespace
}  // namespace muster::core
