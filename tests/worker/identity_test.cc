// Enrollment, the data directory and renewal, over real TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/worker/fake_orchestrator.h"
#include "tests/worker/worker_fixture.h"
#include "worker/identity/enroll.h"
#include "worker/identity/renewer.h"
#include "worker/rpc/grpc_bootstrap_client.h"

namespace muster::worker {
namespace {

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() : directory_(*StateDirectory::Open(folder_.path() + "/state")) {}

  EnrollOptions Options() {
    return {.token = orchestrator_.token(), .server_name = "web-1", .now = absl::Now()};
  }
  absl::StatusOr<Identity> EnrollNow(const EnrollOptions& options) {
    GrpcBootstrapClient client(options.token.bootstrap_address(), options.token.ca_bundle_pem());
    ASSIGN_OR_RETURN(Enrolled enrolled, Enroll(client, directory_, options));
    already_ = enrolled.already;
    return std::move(enrolled.identity);
  }

  TempDir folder_;
  FakeOrchestrator orchestrator_{Pin()};
  StateDirectory directory_;
  bool already_ = false;
};

TEST_F(IdentityTest, EnrollsAndRemembers) {
  const auto identity = EnrollNow(Options());
  ASSERT_TRUE(identity.ok()) << identity.status();
  const auto loaded = directory_.LoadIdentity();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->server_id, ServerId("srv-test"));
  EXPECT_EQ(loaded->zone_pin.hub_url(), kHub);
  EXPECT_EQ(loaded->session_address, orchestrator_.session_address());
  EXPECT_EQ(loaded->certificate_pem, identity->certificate_pem);
  struct stat key;
  ASSERT_EQ(stat((directory_.path() + "/key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
  EXPECT_FALSE(FilesHold(directory_.path(), "bootstrap-token-secret"));
}

TEST_F(IdentityTest, EnrollingAgainChangesNothing) {
  ASSERT_TRUE(EnrollNow(Options()).ok());
  EXPECT_FALSE(already_);
  EXPECT_TRUE(EnrollNow(Options()).ok());
  EXPECT_TRUE(already_);
  EnrollOptions other = Options();
  other.token.set_secret("another");
  EXPECT_TRUE(EnrollNow(other).ok());
  EXPECT_TRUE(already_);
  EXPECT_EQ(orchestrator_.enrolls(), 1);
}

TEST_F(IdentityTest, ATokenOfAnotherZoneIsRefusedWithAWayOut) {
  ASSERT_TRUE(EnrollNow(Options()).ok());
  EnrollOptions other = Options();
  other.token.set_zone_id("other/prod");
  EXPECT_EQ(FailureCodeOf(EnrollNow(other).status()), FailureCode::kWorkerOtherZone);
}

TEST_F(IdentityTest, AnExpiredOrRefusedIdentityIsReplacedWithANewKey) {
  auto first = EnrollNow(Options());
  ASSERT_TRUE(first.ok());
  EnrollOptions late = Options();
  late.now += absl::Hours(24 * 400);
  const auto second = EnrollNow(late);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(already_);
  EXPECT_NE(second->private_key_pem.Reveal(), first->private_key_pem.Reveal());
  ASSERT_TRUE(directory_.SaveRefusal("E-CERT-REVOKED: evicted").ok());
  // A refusal of the new token leaves what is there.
  orchestrator_.SetEnrollFault(FailureStatus(FailureCode::kTokenExpired, ""));
  EXPECT_EQ(FailureCodeOf(EnrollNow(Options()).status()), FailureCode::kTokenExpired);
  EXPECT_EQ(directory_.LoadIdentity()->certificate_pem, second->certificate_pem);
  orchestrator_.SetEnrollFault(absl::OkStatus());
  const auto third = EnrollNow(Options());
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_NE(third->certificate_pem, second->certificate_pem);
  EXPECT_EQ(directory_.LoadRefusal(), "");
  EXPECT_EQ(directory_.LoadIdentity()->private_key_pem.Reveal(), third->private_key_pem.Reveal());
}

TEST_F(IdentityTest, ANextKeyIsUsedFromItsCertificateOn) {
  ASSERT_TRUE(EnrollNow(Options()).ok());
  const auto next = directory_.LoadOrMakeNextKey();
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(directory_.LoadIdentity().ok());  // Its certificate is the old key's.
  GrpcBootstrapClient client(Options().token.bootstrap_address(), Options().token.ca_bundle_pem());
  const auto identity = RequestIdentity(client, *next, Options());
  ASSERT_TRUE(identity.ok()) << identity.status();
  ASSERT_TRUE(directory_.SaveIdentity(*identity).ok());  // The power goes here.
  EXPECT_EQ(directory_.LoadIdentity()->private_key_pem.Reveal(), next->ToPem()->Reveal());
  ASSERT_TRUE(directory_.PromoteNextKey().ok());
  EXPECT_EQ(directory_.LoadIdentity()->private_key_pem.Reveal(), next->ToPem()->Reveal());
}

TEST_F(IdentityTest, ANonceIsOfOneServerOnly) {
  const ServerId server("srv-1");
  EXPECT_EQ(directory_.LoadNonce(server), "");
  ASSERT_TRUE(directory_.SaveNonce(server, "17-abc").ok());
  EXPECT_EQ(directory_.LoadNonce(server), "17-abc");
  EXPECT_EQ(directory_.LoadNonce(ServerId("srv-2")), "") << "enrolled as another since";
  ASSERT_TRUE(directory_.SaveNonce(ServerId("srv-2"), "1-def").ok());
  EXPECT_EQ(directory_.LoadNonce(server), "");
  std::ofstream(directory_.path() + "/nonce") << "damaged";
  EXPECT_EQ(directory_.LoadNonce(server), "");
}

TEST_F(IdentityTest, DatesOutOfOrderAreToldApart) {
  const auto identity = EnrollNow(Options());
  ASSERT_TRUE(identity.ok());
  EXPECT_FALSE(ProblemByDates(identity->certificate_pem, absl::Now()).has_value());
  EXPECT_EQ(ProblemByDates(identity->certificate_pem, absl::Now() + absl::Hours(24 * 400))->code,
            FailureCode::kCertExpired);
  EXPECT_EQ(ProblemByDates(identity->certificate_pem, absl::Now() - absl::Hours(24 * 400))->code,
            FailureCode::kClockSkew);
}

TEST_F(IdentityTest, ALostAnswerIsContinuedWithTheSameKey) {
  orchestrator_.LoseNextEnrollAnswer();
  EXPECT_FALSE(EnrollNow(Options()).ok());
  EXPECT_FALSE(directory_.HasIdentity());
  const auto key = directory_.LoadOrMakeKey();
  const auto identity = EnrollNow(Options());
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->private_key_pem.Reveal(), key->ToPem()->Reveal());
}

TEST_F(IdentityTest, TheOrchestratorsRefusalKeepsItsCode) {
  orchestrator_.SetEnrollFault(FailureStatus(FailureCode::kTokenExpired, "since yesterday"));
  const auto refused = EnrollNow(Options());
  EXPECT_EQ(FailureCodeOf(refused.status()), FailureCode::kTokenExpired);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("since yesterday"));
}

TEST_F(IdentityTest, AnotherAuthorityThanThePinnedIsNotTrusted) {
  const TestAuthority other;
  EnrollOptions options = Options();
  options.token.set_ca_bundle_pem(other.ca_pem());
  EXPECT_EQ(FailureCodeOf(EnrollNow(options).status()), FailureCode::kBootstrapPinMismatch);
  EXPECT_EQ(orchestrator_.enrolls(), 0);
}

TEST_F(IdentityTest, AnAnswerOfAnotherZoneIsNotBelieved) {
  EnrollOptions options = Options();
  options.token.set_zone_id("other/prod");
  EXPECT_EQ(FailureCodeOf(EnrollNow(options).status()), FailureCode::kCertForeign);
  EXPECT_FALSE(directory_.HasIdentity());
}

TEST_F(IdentityTest, DamagedFilesAreNotUsed) {
  EXPECT_EQ(FailureCodeOf(directory_.LoadIdentity().status()), FailureCode::kWorkerNotEnrolled);
  ASSERT_TRUE(EnrollNow(Options()).ok());
  std::ofstream(directory_.path() + "/identity.json") << "{\"server_id\":1}";
  EXPECT_EQ(FailureCodeOf(directory_.LoadIdentity().status()), FailureCode::kWorkerIdentity);
}

TEST_F(IdentityTest, ACertificateOfAnotherServerIsNotBelieved) {
  const auto key = *crypto::PrivateKey::Generate();
  const std::string request = *crypto::CertificateRequest::Create(key, "x");
  const TestAuthority& authority = orchestrator_.authority();
  const auto check = [&](const std::string& pem, const crypto::PrivateKey& for_key) {
    return CheckCertificate(pem, authority.ca_pem(), for_key.public_key(), kZone, ServerId("srv-1"),
                            absl::Now());
  };
  EXPECT_TRUE(check(authority.IssueWorker(request, "muster://acme/prod/srv-1"), key).ok());
  EXPECT_FALSE(check(authority.IssueWorker(request, "muster://acme/prod/srv-2"), key).ok());
  EXPECT_FALSE(check(authority.IssueWorker(request, "muster://acme/test/srv-1"), key).ok());
  EXPECT_FALSE(check(TestAuthority().IssueWorker(request, "muster://acme/prod/srv-1"), key).ok());
  EXPECT_FALSE(check(authority.IssueWorker(request, "muster://acme/prod/srv-1"),
                     *crypto::PrivateKey::Generate())
                   .ok());
  EXPECT_FALSE(check("nonsense", key).ok());
}

// The renewal on virtual time.
class FakeRenewalClient final : public RenewalClient {
 public:
  int calls = 0;
  std::function<absl::StatusOr<v1::RenewResponse>(const v1::RenewRequest&)> answer;
  void Renew(const v1::RenewRequest& request,
             absl::AnyInvocable<void(absl::StatusOr<v1::RenewResponse>)> done) override {
    ++calls;
    done(answer(request));
  }
};

TEST_F(IdentityTest, RenewsFromTwoThirdsAndTriesAgain) {
  auto identity = EnrollNow(Options());
  ASSERT_TRUE(identity.ok()) << identity.status();
  FakeClock clock(absl::Now());
  ManualStrand strand;
  SeededRandom random(5);
  FakeRenewalClient client;
  bool refuse = true;
  client.answer = [&](const v1::RenewRequest& request) -> absl::StatusOr<v1::RenewResponse> {
    if (std::exchange(refuse, false)) return absl::UnavailableError("not now");
    v1::RenewResponse response;
    response.set_certificate_pem(orchestrator_.authority().IssueWorker(
        request.certificate_request_pem(), "muster://acme/prod/srv-test", absl::Hours(24 * 60)));
    response.set_ca_bundle_pem(orchestrator_.authority().ca_pem());
    return response;
  };
  std::vector<std::string> renewed;
  const auto renewer = Renewer::Create(
      {.client = client, .strand = strand, .timers = clock, .clock = clock, .random = random},
      identity->Clone(),
      [this](const Identity& fresh) {
        return directory_.SaveCertificate(fresh.certificate_pem, fresh.ca_bundle_pem);
      },
      [&renewed](const Identity& fresh) { renewed.push_back(fresh.certificate_pem); });
  renewer->Start();
  const auto run_for = [&](absl::Duration time) {
    const absl::Time end = clock.Now() + time;
    strand.RunUntilIdle();
    while (clock.NextTimer() <= end && clock.AdvanceToNext()) strand.RunUntilIdle();
    if (clock.Now() < end) clock.Advance(end - clock.Now());
  };
  run_for(absl::Hours(24 * 19));
  EXPECT_EQ(client.calls, 0);
  run_for(absl::Hours(30));
  EXPECT_EQ(client.calls, 2);
  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_EQ(directory_.LoadIdentity()->certificate_pem, renewed[0]);
  renewer->Stop();
  strand.RunUntilIdle();
}

}  // namespace
}  // namespace muster::worker
