#include "base/crypto/certificate.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"

namespace muster::crypto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 7, 1, 12, 0, 0), absl::UTCTimeZone());

CertificateSpec Spec(const std::string& name) {
  return {.subject_common_name = name,
          .not_before = kNow - absl::Minutes(5),
          .not_after = kNow + absl::Hours(720)};
}

struct Authority {
  PrivateKey key;
  Certificate certificate;
};

Authority MakeRoot(const std::string& name) {
  auto key = PrivateKey::Generate();
  CertificateSpec spec = Spec(name);
  spec.is_ca = true;
  spec.not_after = kNow + absl::Hours(24 * 3650);
  auto certificate = SelfSign(*key, spec, SecureRandom());
  EXPECT_TRUE(certificate.ok()) << certificate.status();
  return {*key, *certificate};
}

class CertificateTest : public testing::Test {
 protected:
  absl::StatusOr<Certificate> Issue(const CertificateSpec& spec) {
    return IssueCertificate(root_.certificate, root_.key, key_.public_key(), spec, SecureRandom());
  }
  absl::Status Verify(const Certificate& leaf, absl::Time now = kNow,
                      Purpose purpose = Purpose::kClient) {
    return VerifyChain(leaf, {}, std::vector{root_.certificate}, now, purpose);
  }
  Authority root_ = MakeRoot("Muster root");
  PrivateKey key_ = *PrivateKey::Generate();
};

TEST_F(CertificateTest, HoldsWhatTheSpecSays) {
  CertificateSpec spec = Spec("srv-1");
  spec.uri_sans = {"muster://acme/prod/srv-1"};
  spec.dns_sans = {"orchestrator.example", "localhost"};
  spec.ip_sans = {"10.0.0.7", "fe80::1"};
  spec.client = true;
  const auto issued = Issue(spec);
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto read = Certificate::FromPem(issued->ToPem());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->subject_common_name(), "srv-1");
  EXPECT_EQ(read->issuer_common_name(), "Muster root");
  EXPECT_THAT(read->uri_sans(), ElementsAre("muster://acme/prod/srv-1"));
  EXPECT_THAT(read->dns_sans(), ElementsAre("orchestrator.example", "localhost"));
  EXPECT_THAT(read->ip_sans(), ElementsAre("10.0.0.7", "fe80:0:0:0:0:0:0:1"));
  EXPECT_EQ(read->not_before(), spec.not_before);
  EXPECT_EQ(read->not_after(), spec.not_after);
  EXPECT_FALSE(read->is_ca());
  EXPECT_TRUE(root_.certificate.is_ca());
  EXPECT_TRUE(read->public_key() == key_.public_key());
  EXPECT_EQ(read->public_key().Fingerprint(), key_.public_key().Fingerprint());
  EXPECT_EQ(read->public_key().Fingerprint().size(), 64u);
  EXPECT_EQ(read->Fingerprint(), issued->Fingerprint());
  EXPECT_EQ(read->serial_hex().size(), 32u);
  EXPECT_NE(read->serial_hex(), Issue(spec)->serial_hex());
}

TEST_F(CertificateTest, AChainHoldsForItsTimeAndPurposeOnly) {
  CertificateSpec spec = Spec("srv-1");
  spec.client = true;
  const auto leaf = Issue(spec);
  EXPECT_EQ(Verify(*leaf), absl::OkStatus());
  EXPECT_THAT(std::string(Verify(*leaf, kNow - absl::Hours(1)).message()),
              HasSubstr("not yet valid"));
  const absl::Status expired = Verify(*leaf, kNow + absl::Hours(721));
  EXPECT_TRUE(absl::IsUnauthenticated(expired));
  EXPECT_THAT(std::string(expired.message()), HasSubstr("expired"));
  EXPECT_FALSE(Verify(*leaf, kNow, Purpose::kServer).ok());
  EXPECT_EQ(Verify(*leaf, kNow, Purpose::kAny), absl::OkStatus());
}

TEST_F(CertificateTest, AStrangersRootDoesNotVerify) {
  CertificateSpec spec = Spec("srv-1");
  spec.client = true;
  const Authority stranger = MakeRoot("Muster root");  // The same name, another key.
  const auto foreign =
      IssueCertificate(stranger.certificate, stranger.key, key_.public_key(), spec, SecureRandom());
  EXPECT_TRUE(absl::IsUnauthenticated(Verify(*foreign)));
  EXPECT_FALSE(VerifyChain(*foreign, {}, {}, kNow, Purpose::kClient).ok());
  // During a rotation both anchors are accepted.
  const std::vector<Certificate> both = {root_.certificate, stranger.certificate};
  EXPECT_EQ(VerifyChain(*foreign, {}, both, kNow, Purpose::kClient), absl::OkStatus());
}

TEST_F(CertificateTest, IntermediatesAreFollowedAsFarAsTheirPathLengthAllows) {
  CertificateSpec spec = Spec("intermediate");
  spec.is_ca = true;
  spec.path_length = 0;
  const auto intermediate = Issue(spec);
  ASSERT_TRUE(intermediate.ok()) << intermediate.status();
  const PrivateKey leaf_key = *PrivateKey::Generate();
  const auto leaf =
      IssueCertificate(*intermediate, key_, leaf_key.public_key(), Spec("leaf"), SecureRandom());
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  const std::vector<Certificate> anchors = {root_.certificate};
  EXPECT_EQ(VerifyChain(*leaf, std::vector{*intermediate}, anchors, kNow, Purpose::kAny),
            absl::OkStatus());
  EXPECT_FALSE(VerifyChain(*leaf, {}, anchors, kNow, Purpose::kAny).ok());

  CertificateSpec below = Spec("too deep");
  below.is_ca = true;
  const auto deep =
      IssueCertificate(*intermediate, key_, leaf_key.public_key(), below, SecureRandom());
  const auto deepest =
      IssueCertificate(*deep, leaf_key, key_.public_key(), Spec("leaf"), SecureRandom());
  EXPECT_THAT(std::string(VerifyChain(*deepest, std::vector{*intermediate, *deep}, anchors, kNow,
                                      Purpose::kAny)
                              .message()),
              HasSubstr("path length"));
}

TEST_F(CertificateTest, AnIssuerMustBeAnAuthorityAndHoldItsKey) {
  const auto leaf = Issue(Spec("leaf"));
  EXPECT_TRUE(absl::IsInvalidArgument(
      IssueCertificate(*leaf, key_, key_.public_key(), Spec("x"), SecureRandom()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      IssueCertificate(root_.certificate, key_, key_.public_key(), Spec("x"), SecureRandom())
          .status()));
}

TEST_F(CertificateTest, BadSpecsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(Spec("")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(Spec(std::string(65, 'a'))).status()));
  CertificateSpec spec = Spec("x");
  spec.uri_sans = {"muster://a\nb"};
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(spec).status()));
  spec.uri_sans = {std::string("muster://a\0b", 12)};
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(spec).status()));
  spec.uri_sans.clear();
  spec.ip_sans = {"10.0.0"};
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(spec).status()));
  spec.ip_sans.clear();
  spec.not_after = spec.not_before;
  EXPECT_TRUE(absl::IsInvalidArgument(Issue(spec).status()));
}

TEST_F(CertificateTest, ANameWithCommasStaysOneName) {
  CertificateSpec spec = Spec("x");
  spec.dns_sans = {"a.example,DNS:b.example"};
  EXPECT_THAT(Issue(spec)->dns_sans(), ElementsAre("a.example,DNS:b.example"));
}

TEST_F(CertificateTest, BundlesAreReadWholeOrNotAtAll) {
  const std::string two =
      absl::StrCat("comment\n", root_.certificate.ToPem(), MakeRoot("second").certificate.ToPem());
  const auto bundle = Certificate::BundleFromPem(two);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  ASSERT_EQ(bundle->size(), 2u);
  EXPECT_EQ((*bundle)[1].subject_common_name(), "second");
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::BundleFromPem("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Certificate::BundleFromPem(absl::string_view(two).substr(0, two.size() - 100)).status()));
}

TEST(PrivateKeyTest, SurvivesPem) {
  const auto key = PrivateKey::Generate();
  ASSERT_TRUE(key.ok());
  const auto pem = key->ToPem();
  ASSERT_TRUE(pem.ok());
  EXPECT_THAT(std::string(pem->Reveal()), HasSubstr("BEGIN PRIVATE KEY"));
  const auto read = PrivateKey::FromPem(*pem);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->public_key() == key->public_key());
  EXPECT_TRUE(read->public_key().IsP256());
  EXPECT_FALSE(PrivateKey::Generate()->public_key() == key->public_key());
}

TEST(PrivateKeyTest, BadKeysAreRefusedWithoutShowingThem) {
  EXPECT_TRUE(absl::IsInvalidArgument(PrivateKey::FromPem(Secret()).status()));
  const absl::Status status =
      PrivateKey::FromPem(
          Secret::CopyOf("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"))
          .status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("canary")));
}

TEST(CertificateRequestTest, ProvesItsKey) {
  const PrivateKey key = *PrivateKey::Generate();
  const auto pem = CertificateRequest::Create(key, "server-7");
  ASSERT_TRUE(pem.ok()) << pem.status();
  const auto request = CertificateRequest::FromPem(*pem);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->common_name(), "server-7");
  EXPECT_TRUE(request->public_key() == key.public_key());
}

// Keys of the right curve, each signed by its own key, and written in a way that ours are not.
TEST(CertificateRequestTest, OneKeyHasOneForm) {
  constexpr char kCurveWrittenOut[] = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBvDCCAWICAQAwDDEKMAgGA1UEAwwBdzCCAUswggEDBgcqhkjOPQIBMIH3AgEB
MCwGByqGSM49AQECIQD/////AAAAAQAAAAAAAAAAAAAAAP///////////////zBb
BCD/////AAAAAQAAAAAAAAAAAAAAAP///////////////AQgWsY12Ko6k+ez671V
dpiGvGUdBrDMU7D2O848PifSYEsDFQDEnTYIhucEk2pmeOETnSa3gZ9+kARBBGsX
0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivO
M1drMV7Oy7ZAaDe/UfUCIQD/////AAAAAP//////////vOb6racXnoTzucrC/GMl
UQIBAQNCAATVQsF3u2eVKE6GPQlps7+lt6tRQOXEqc+bvO4EVZLh4JEG690W+Das
hRCt7UqRCZ8Q5pFu4FIelTWhrFga+14XoAAwCgYIKoZIzj0EAwIDSAAwRQIhAJ3n
K0DCzPF93itmIrGMYNOkjiFOZuS4towny9r/KnqNAiBmmrkWNcMCLvM5pCKTp0YR
5Xdln2imVP68suJvzAmG/A==
-----END CERTIFICATE REQUEST-----
)";
  constexpr char kPointCompressed[] = R"(-----BEGIN CERTIFICATE REQUEST-----
MIGmME4CAQAwDDEKMAgGA1UEAwwBdzA5MBMGByqGSM49AgEGCCqGSM49AwEHAyIA
AtV73dS9Lds1bYWE2UgPMuri5WTRridbApmqMUjTtnJIoAAwCgYIKoZIzj0EAwID
SAAwRQIgGt63XgVpvqL7CXWQWJrrpu5FxAVT6GiGDm5FssF5yusCIQDzABn+9iFx
8uBPu0dyr4mI7+JBmqFXxcOQpEExYbsMXA==
-----END CERTIFICATE REQUEST-----
)";
  for (const char* pem : {kCurveWrittenOut, kPointCompressed}) {
    const auto request = CertificateRequest::FromPem(pem);
    EXPECT_TRUE(absl::IsInvalidArgument(request.status())) << request.status();
  }
}

TEST(CertificateRequestTest, AlteredOrForeignBytesAreRefused) {
  const std::string pem = *CertificateRequest::Create(*PrivateKey::Generate(), "server-7");
  // Another name inside: the DER of the same length, but the signature no longer fits. Base64 of
  // the body is altered near its start, where the subject is.
  std::string altered = pem;
  const size_t at = pem.find('\n') + 40;
  altered[at] = altered[at] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromPem(altered).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromPem("").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(CertificateRequest::FromPem(std::string(20000, 'x')).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(CertificateRequest::Create(*PrivateKey::Generate(), "").status()));
}

// A stranger's PEM that says it is encrypted must not make OpenSSL ask somebody for the password.
TEST(EncryptedPem, IsRefusedWithoutAQuestion) {
  const auto key = *PrivateKey::Generate();
  const std::string headers =
      "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n";
  const auto encrypted = [&](std::string pem) { return pem.insert(pem.find('\n') + 1, headers); };
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  ASSERT_EQ(write(pipe[1], "password\n", 9), 9);
  const int standard_input = dup(STDIN_FILENO);
  dup2(pipe[0], STDIN_FILENO);
  const auto request =
      CertificateRequest::FromPem(encrypted(*CertificateRequest::Create(key, "web-1")));
  const auto certificate = Certificate::FromPem(encrypted(MakeRoot("root").certificate.ToPem()));
  int unread = 0;
  ioctl(pipe[0], FIONREAD, &unread);
  dup2(standard_input, STDIN_FILENO);
  for (const int fd : {standard_input, pipe[0], pipe[1]}) close(fd);
  EXPECT_TRUE(absl::IsInvalidArgument(request.status())) << request.status();
  EXPECT_TRUE(absl::IsInvalidArgument(certificate.status())) << certificate.status();
  EXPECT_EQ(unread, 9) << "somebody was asked";
}

}  // namespace
}  // namespace muster::crypto
