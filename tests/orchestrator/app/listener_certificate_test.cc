// The listeners' certificate is kept, and replaced when it has to be.
#include "orchestrator/app/listener_certificate.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/crypto/certificate.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/fakes/fake_clock.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

class ListenerCertificateTest : public testing::Test {
 protected:
  ListenerCertificateTest()
      : authority_(*identity::CertificateAuthority::Create(clock_, crypto::SecureRandom())) {
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
  }
  ~ListenerCertificateTest() override { fs::remove_all(root_); }
  ListenerCertificateFiles Keep() {
    auto kept = KeepListenerCertificate(DataPaths(root_), authority_, addresses_, clock_);
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept.value_or(ListenerCertificateFiles());
  }
  crypto::Certificate Shown(const ListenerCertificateFiles& files) {
    std::string pem;
    std::getline(std::ifstream(files.certificate), pem, '\0');
    return *crypto::Certificate::FromPem(pem);
  }

  FakeClock clock_;
  std::string root_ = "/tmp/muster-listener-XXXXXX";
  identity::CertificateAuthority authority_;
  std::vector<std::string> addresses_ = {"muster.example", "10.0.0.7"};
};

TEST_F(ListenerCertificateTest, ItIsTheSameOverRestartsAndBeganADayEarly) {
  const auto first = Keep();
  EXPECT_TRUE(first.renewed);
  const std::string fingerprint = Shown(first).Fingerprint();
  EXPECT_LE(Shown(first).not_before(), clock_.Now() - absl::Hours(24));
  EXPECT_EQ(fs::status(first.private_key).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  clock_.Advance(absl::Hours(24 * 365));
  const auto second = Keep();
  EXPECT_FALSE(second.renewed);
  EXPECT_EQ(second.not_after, first.not_after);
  EXPECT_EQ(Shown(second).Fingerprint(), fingerprint);
}

TEST_F(ListenerCertificateTest, AMachineWhoseClockIsHoursSlowTakesIt) {
  const auto anchors = crypto::Certificate::BundleFromPem(authority_.bundle_pem());
  EXPECT_TRUE(crypto::VerifyChain(Shown(Keep()), {}, *anchors, clock_.Now() - absl::Hours(12),
                                  crypto::Purpose::kServer)
                  .ok());
}

TEST_F(ListenerCertificateTest, ItIsRenewedInTheLastThirdOfItsLife) {
  const auto first = Keep();
  clock_.Advance((first.not_after - clock_.Now()) * 0.7);
  const auto second = Keep();
  EXPECT_TRUE(second.renewed);
  EXPECT_GT(second.not_after, first.not_after);
  EXPECT_FALSE(Keep().renewed);
}

TEST_F(ListenerCertificateTest, NearTheAuthoritysEndItIsNotMadeAnewEachTime) {
  clock_.Advance(authority_.not_after() - clock_.Now() - absl::Hours(24));
  EXPECT_TRUE(Keep().renewed);
  clock_.Advance(absl::Hours(20));
  EXPECT_FALSE(Keep().renewed);
}

TEST_F(ListenerCertificateTest, OtherAddressesAndOtherAuthorities) {
  Keep();
  addresses_.push_back("fd00::7");
  EXPECT_TRUE(Keep().renewed);
  EXPECT_FALSE(Keep().renewed);
  authority_ = *identity::CertificateAuthority::Create(clock_, crypto::SecureRandom());
  EXPECT_TRUE(Keep().renewed);
}

TEST_F(ListenerCertificateTest, FilesThatAreNoGood) {
  for (const char* name : {"server.crt", "server.key", "addresses"}) {
    const std::string path = DataPaths(root_).listeners(name);
    Keep();
    std::ofstream(path, std::ios::trunc) << "nonsense";
    EXPECT_TRUE(Keep().renewed) << name;
    fs::remove(path);
    EXPECT_TRUE(Keep().renewed) << name;
  }
  fs::permissions(DataPaths(root_).listeners("server.key"), fs::perms::others_read,
                  fs::perm_options::add);
  EXPECT_TRUE(Keep().renewed) << "a key that others have read";
  fs::remove_all(DataPaths(root_).listeners(""));
  std::ofstream(root_ + "/listeners") << "a file";
  EXPECT_EQ(FailureCodeOf(
                KeepListenerCertificate(DataPaths(root_), authority_, addresses_, clock_).status()),
            FailureCode::kSystemDataDir);
}

}  // namespace
}  // namespace muster::app
