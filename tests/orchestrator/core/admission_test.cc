// Who comes in: tokens, certificates, sessions (docs/security.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

class AdmissionTest : public CoreBench {
 protected:
  AdmissionTest() { Build(0); }

  // These machines are in no inventory; doors_test.cc has those that are.
  absl::StatusOr<CreatedToken> MakeToken(TokenInput input) {
    input.any_name = true;
    return CoreBench::MakeToken(std::move(input));
  }

  absl::StatusOr<SessionGrant> Open(const BootstrapGrant& grant, const std::string& certificate,
                                    const ZoneId& zone = ZoneId()) {
    SessionOpening opening;
    opening.session = next_session_++;
    opening.certificate_id = CertificateId(certificate);
    opening.zone_id = zone.empty() ? grant.zone.id : zone;
    opening.tenant_id = TenantOf(opening.zone_id);
    opening.server_id = grant.server_id;
    opening.address = "10.9.9.9";
    return Ask<SessionGrant>([&](auto done) { events().OpenSession(opening, std::move(done)); });
  }
  WorkerEvents& events() { return world_->worker_events(); }
  store::Server ServerOf(const BootstrapGrant& grant) {
    return **world_->Read()->servers().Find(grant.server_id);
  }
  SessionId next_session_ = 1000;
};

TEST_F(AdmissionTest, AUseIsCountedWhenPossessionIsProven) {
  TokenInput input;
  input.secret_hash = "h1";
  const auto token = MakeToken(input);
  ASSERT_TRUE(token.ok());
  const auto grant = Bootstrap("h1", "db-1", "key-a");
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(ServerOf(*grant).admission, store::Admission::kRegistered);
  ASSERT_TRUE(Certify(*grant, "c1", "key-a").ok());
  EXPECT_EQ((*world_->Read()->tokens().Find(token->token.id))->uses, 0);
  // The one use is promised: another machine is refused, the same may repeat.
  EXPECT_FAILS_WITH(Bootstrap("h1", "db-2", "key-b"), kTokenExhausted);
  EXPECT_TRUE(Bootstrap("h1", "db-1", "key-a").ok());

  ASSERT_TRUE(Open(*grant, "c1").ok());
  EXPECT_EQ(ServerOf(*grant).admission, store::Admission::kAdmitted);
  const store::BootstrapToken used = **world_->Read()->tokens().Find(token->token.id);
  EXPECT_EQ(used.uses, 1);
  EXPECT_EQ(used.state, store::TokenState::kExhausted);
  ASSERT_TRUE(Open(*grant, "c1").ok());  // Reconnects count nothing.
  EXPECT_FAILS_WITH(Bootstrap("h1", "db-3", "key-c"), kTokenExhausted);
  // The same reason from the same address again is told in a sum (refusals_test.cc).
  EXPECT_EQ(world_->Read()->tokens().ListRefusals(token->token.id, 10)->size(), 1u);
}

TEST_F(AdmissionTest, TokensAreRefusedForTheirReason) {
  EXPECT_FAILS_WITH(Bootstrap("nobody", "db-1", "k"), kTokenUnknown);
  TokenInput named;
  named.secret_hash = "named";
  named.server_names = {"DB-1"};
  ASSERT_TRUE(MakeToken(named).ok());
  EXPECT_FAILS_WITH(Bootstrap("named", "db-2", "k"), kTokenNameNotExpected);
  EXPECT_TRUE(Bootstrap("named", "db-1", "k").ok());
  TokenInput brief;
  brief.secret_hash = "brief";
  brief.ttl = absl::Minutes(5);
  ASSERT_TRUE(MakeToken(brief).ok());
  world_->RunFor(absl::Minutes(6));
  EXPECT_FAILS_WITH(Bootstrap("brief", "db-9", "k"), kTokenExpired);
  TokenInput gone;
  gone.secret_hash = "gone";
  const auto token = MakeToken(gone);
  ASSERT_TRUE(Ask<store::BootstrapToken>([&](auto done) {
                operations().tokens.Call(&TokenOperations::Revoke, std::move(done), operator_,
                                         token->token.id);
              }).ok());
  EXPECT_FAILS_WITH(Bootstrap("gone", "db-9", "k"), kTokenRevoked);
  TokenInput eternal;
  eternal.secret_hash = "eternal";
  eternal.ttl = absl::Hours(24 * 31);
  EXPECT_FAILS_WITH(MakeToken(eternal), kRequestInvalid);
}

TEST_F(AdmissionTest, ARepeatedRequestMakesOneToken) {
  TokenInput input;
  input.secret_hash = "h1";
  input.request_id = "r1";
  const auto first = MakeToken(input);
  input.secret_hash = "h2";
  const auto second = MakeToken(input);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(first->repeated);
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(first->token.id, second->token.id);
}

TEST_F(AdmissionTest, PendingServersWaitForAnOperator) {
  TokenInput input;
  input.secret_hash = "h1";
  input.mode = store::TokenMode::kPending;
  ASSERT_TRUE(MakeToken(input).ok());
  const auto grant = Bootstrap("h1", "db-1", "k");
  ASSERT_TRUE(grant.ok());
  EXPECT_FALSE(grant->admitted);
  ASSERT_TRUE(Certify(*grant, "c1", "k").ok());
  EXPECT_FAILS_WITH(Open(*grant, "c1"), kDispatchNotAdmitted);
  ASSERT_TRUE(Ask<store::Server>([&](auto done) {
                operations().servers.Call(&ServerOperations::Admit, std::move(done), operator_,
                                          grant->server_id, "");
              }).ok());
  EXPECT_TRUE(Open(*grant, "c1").ok());
}

TEST_F(AdmissionTest, CertificatesAreHeldAgainstTheRecord) {
  TokenInput input;
  input.secret_hash = "h1";
  input.max_uses = 3;
  ASSERT_TRUE(MakeToken(input).ok());
  const auto grant = Bootstrap("h1", "db-1", "k");
  ASSERT_TRUE(Certify(*grant, "c1", "k").ok());
  EXPECT_FAILS_WITH(Open(*grant, "c9"), kCertUnknown);
  EXPECT_FAILS_WITH(Open(*grant, "c1", ZoneId("tenant-1/prod")), kCertForeign);
  ASSERT_TRUE(Open(*grant, "c1").ok());
  // The name is taken now; the same key may come again, and its new certificate replaces the old.
  EXPECT_FAILS_WITH(Bootstrap("h1", "db-1", "other"), kBootstrapNameTaken);
  ASSERT_TRUE(Certify(*grant, "c2", "k").ok());
  ASSERT_TRUE(Open(*grant, "c2").ok());
  EXPECT_FAILS_WITH(Open(*grant, "c1"), kCertRevoked);
  world_->RunFor(absl::Hours(25));
  EXPECT_FAILS_WITH(Open(*grant, "c2"), kCertExpired);
}

TEST_F(AdmissionTest, AnEvictedServerNeedsANewToken) {
  TokenInput input;
  input.secret_hash = "h1";
  input.max_uses = 2;
  ASSERT_TRUE(MakeToken(input).ok());
  const auto grant = Bootstrap("h1", "db-1", "k");
  ASSERT_TRUE(Certify(*grant, "c1", "k").ok());
  ASSERT_TRUE(Open(*grant, "c1").ok());
  const auto evict = [&] {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::Evict, std::move(done), operator_,
                                grant->server_id, "lost laptop");
    });
  };
  ASSERT_TRUE(evict().ok());
  EXPECT_FAILS_WITH(evict(), kRequestState);
  EXPECT_FAILS_WITH(Open(*grant, "c1"), kCertRevoked);
  EXPECT_FAILS_WITH(Bootstrap("h1", "db-1", "k2"), kBootstrapEvicted);
  world_->RunFor(absl::Seconds(1));
  input.secret_hash = "h2";
  ASSERT_TRUE(MakeToken(input).ok());
  EXPECT_FAILS_WITH(Bootstrap("h2", "db-1", "k"), kBootstrapEvicted);  // The evicted key.
  const auto again = Bootstrap("h2", "db-1", "k2");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->server_id, grant->server_id);
  ASSERT_TRUE(Certify(*again, "c2", "k2").ok());
  EXPECT_TRUE(Open(*again, "c2").ok());
  EXPECT_EQ(ServerOf(*grant).admission, store::Admission::kAdmitted);
}

}  // namespace
}  // namespace muster::core
