#include "orchestrator/identity/certificate_authority.h"

#include <gtest/gtest.h>

#include <set>

#include "base/crypto/certificate_request.h"
#include "base/crypto/secure_random.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "orchestrator/identity/identity_uri.h"
#include "tests/fakes/fake_clock.h"

namespace muster::identity {
namespace {

using crypto::Certificate;
using crypto::Purpose;

class CertificateAuthorityTest : public testing::Test {
 protected:
  static CertificateAuthority Make(const Clock& clock) {
    auto authority = CertificateAuthority::Create(clock, crypto::SecureRandom());
    EXPECT_TRUE(authority.ok()) << authority.status();
    return *std::move(authority);
  }
  absl::Status Check(const Certificate& leaf, const CertificateAuthority& anchor, Purpose purpose) {
    const std::vector<Certificate> anchors = {*Certificate::FromPem(anchor.bundle_pem())};
    return crypto::VerifyChain(leaf, {}, anchors, clock_.Now(), purpose);
  }

  FakeClock clock_;
  CertificateAuthority ca_ = Make(clock_);
  const crypto::PrivateKey key_ = *crypto::PrivateKey::Generate();
  const ZoneId zone_{"acme/prod"};
  const ServerId server_{"srv-mzxw6ytboi4dcmrtgq2t"};
};

TEST_F(CertificateAuthorityTest, WorkerCertificateNamesTenantZoneAndServer) {
  const auto worker = ca_.IssueWorker(zone_, server_, key_.public_key());
  ASSERT_TRUE(worker.ok()) << worker.status();
  ASSERT_EQ(worker->uri_sans().size(), 1u);
  EXPECT_EQ(worker->uri_sans()[0], "muster://acme/prod/srv-mzxw6ytboi4dcmrtgq2t");
  EXPECT_EQ(worker->not_before(), clock_.Now() - kClockLenience);
  EXPECT_EQ(worker->not_after(), clock_.Now() + absl::Hours(24 * 30));
  EXPECT_EQ(worker->serial_hex().size(), 32u);
  EXPECT_FALSE(worker->is_ca());
  EXPECT_TRUE(Check(*worker, ca_, Purpose::kClient).ok());
  EXPECT_FALSE(Check(*worker, ca_, Purpose::kServer).ok());

  clock_.Advance(absl::Hours(24 * 30 + 1));
  EXPECT_FALSE(Check(*worker, ca_, Purpose::kClient).ok());
}

TEST_F(CertificateAuthorityTest, SerialsNeverRepeat) {
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) {
    serials.insert(ca_.IssueWorker(zone_, server_, key_.public_key())->serial_hex());
  }
  EXPECT_EQ(serials.size(), 50u);
}

TEST_F(CertificateAuthorityTest, AnotherAuthorityIsNotTrusted) {
  const CertificateAuthority other = Make(clock_);
  const auto worker = other.IssueWorker(zone_, server_, key_.public_key());
  ASSERT_TRUE(worker.ok());
  EXPECT_FALSE(Check(*worker, ca_, Purpose::kClient).ok());
}

TEST_F(CertificateAuthorityTest, ServerCertificateHasTheFixedNameAndTheAddresses) {
  const auto issued = ca_.IssueServer({"muster.example.net", "10.0.0.7", "::1"});
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto leaf = Certificate::FromPem(issued->certificate_pem);
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(leaf->dns_sans(),
            (std::vector<std::string>{"muster-orchestrator", "muster.example.net"}));
  EXPECT_EQ(leaf->ip_sans().size(), 2u);
  EXPECT_TRUE(Check(*leaf, ca_, Purpose::kServer).ok());
  EXPECT_FALSE(Check(*leaf, ca_, Purpose::kClient).ok());
}

TEST_F(CertificateAuthorityTest, ComesBackFromItsFiles) {
  const auto key = ca_.PrivateKeyPem();
  ASSERT_TRUE(key.ok());
  const auto again =
      CertificateAuthority::FromPem(ca_.bundle_pem(), *key, clock_, crypto::SecureRandom());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Fingerprint(), ca_.Fingerprint());
  EXPECT_TRUE(
      Check(*again->IssueOperator(OperatorId("opr-a"), key_.public_key()), ca_, Purpose::kClient)
          .ok());

  const CertificateAuthority other = Make(clock_);
  EXPECT_EQ(CertificateAuthority::FromPem(other.bundle_pem(), *key, clock_, crypto::SecureRandom())
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  clock_.Advance(absl::Hours(24 * 3651));
  EXPECT_EQ(CertificateAuthority::FromPem(ca_.bundle_pem(), *key, clock_, crypto::SecureRandom())
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(CertificateAuthorityTest, NothingOutlivesTheRoot) {
  clock_.Advance(kRootLife - absl::Hours(24));
  EXPECT_EQ(ca_.IssueWorker(zone_, server_, key_.public_key())->not_after(), ca_.not_after());
}

TEST(IdentityUriTest, RoundTrips) {
  const auto worker = ParseWorkerUri(WorkerUri(ZoneId("acme/prod"), ServerId("srv-abc234")));
  ASSERT_TRUE(worker.has_value());
  EXPECT_EQ(worker->tenant_id.value(), "acme");
  EXPECT_EQ(worker->zone_id.value(), "acme/prod");
  EXPECT_EQ(worker->server_id.value(), "srv-abc234");
  EXPECT_EQ(ParseOperatorUri(OperatorUri(OperatorId("opr-abc"))), OperatorId("opr-abc"));
}

TEST(IdentityUriTest, RefusesEverythingElse) {
  for (const char* uri :
       {"", "muster://", "muster://acme/prod", "muster://acme/prod/", "muster://acme/prod/opr-a",
        "muster://acme/prod/srv-", "muster://acme/prod/srv-a/b", "muster://Acme/prod/srv-a",
        "muster://acme//srv-a", "https://acme/prod/srv-a", "muster://acme/prod/srv-a?x",
        "muster://operator/opr-a", "muster://acme/prod/srv-A", "muster://acme/../srv-a"}) {
    EXPECT_FALSE(ParseWorkerUri(uri).has_value()) << uri;
  }
  for (const char* uri : {"", "muster://operator/", "muster://operator/opr-", "muster://op/opr-a",
                          "muster://operator/prod/srv-a", "muster://operator/srv-a"}) {
    EXPECT_FALSE(ParseOperatorUri(uri).has_value()) << uri;
  }
  // A tenant called "operator" makes workers, never operators.
  EXPECT_TRUE(ParseWorkerUri("muster://operator/prod/srv-a").has_value());
}

TEST(BootstrapSecretTest, RandomAndHashed) {
  const Secret a = NewBootstrapSecret(crypto::SecureRandom());
  const Secret b = NewBootstrapSecret(crypto::SecureRandom());
  EXPECT_EQ(a.size(), 52u);
  EXPECT_NE(a.Reveal(), b.Reveal());
  EXPECT_EQ(HashBootstrapSecret("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace muster::identity
