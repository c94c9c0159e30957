#include "tests/bench/load/certificates.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/status_macros.h"

namespace muster::bench {
namespace {

crypto::CertificateSpec SpecFor(const std::string& name) {
  const absl::Time now = SystemClock().Now();
  return {.subject_common_name = name,
          .not_before = now - absl::Minutes(5),
          .not_after = now + absl::Hours(24)};
}

}  // namespace

absl::StatusOr<BareAuthority> BareAuthority::Create() {
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::Generate());
  crypto::CertificateSpec spec = SpecFor("bare authority");
  spec.is_ca = true;
  ASSIGN_OR_RETURN(crypto::Certificate certificate,
                   crypto::SelfSign(key, spec, crypto::SecureRandom()));
  return BareAuthority(std::move(key), std::move(certificate));
}

absl::StatusOr<PemPair> BareAuthority::IssueServer() const {
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, crypto::PrivateKey::Generate());
  crypto::CertificateSpec spec = SpecFor(kBareServerName);
  spec.dns_sans = {kBareServerName, "localhost"};
  spec.ip_sans = {"127.0.0.1"};
  spec.server = true;
  ASSIGN_OR_RETURN(
      const crypto::Certificate certificate,
      crypto::IssueCertificate(certificate_, key_, key.public_key(), spec, crypto::SecureRandom()));
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  return PemPair{certificate.ToPem(), std::string(pem.Reveal())};
}

absl::StatusOr<PemPair> BareAuthority::IssueWorker(int number) const {
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, crypto::PrivateKey::Generate());
  const std::string name = absl::StrFormat("srv-%020d", number);
  crypto::CertificateSpec spec = SpecFor(name);
  spec.uri_sans = {absl::StrCat("muster://load/bare/", name)};
  spec.client = true;
  ASSIGN_OR_RETURN(
      const crypto::Certificate certificate,
      crypto::IssueCertificate(certificate_, key_, key.public_key(), spec, crypto::SecureRandom()));
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  return PemPair{certificate.ToPem(), std::string(pem.Reveal())};
}

}  // namespace muster::bench
