#include "orchestrator/identity/certificate_authority.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/crypto/issue.h"
#include "base/status_macros.h"
#include "orchestrator/identity/identity_uri.h"

namespace muster::identity {
namespace {

constexpr char kRootName[] = "Muster CA";
constexpr char kServerName[] = "muster-orchestrator";  // As proto/rpc/credentials.h expects it.

// Whether the text is an IP address in the form that SANs take: what OpenSSL accepts as one.
bool LooksLikeIp(absl::string_view address) {
  if (address.find(':') != absl::string_view::npos) return true;
  return !address.empty() && std::all_of(address.begin(), address.end(),
                                         [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(const Clock& clock,
                                                                  Random& random) {
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::Generate());
  const absl::Time now = clock.Now();
  // The fingerprint's beginning tells authorities of several orchestrators apart.
  const std::string id = key.public_key().Fingerprint().substr(0, 8);
  ASSIGN_OR_RETURN(crypto::Certificate root,
                   crypto::SelfSign(key,
                                    {.subject_common_name = absl::StrCat(kRootName, " ", id),
                                     .not_before = now - kServerClockLenience,
                                     .not_after = now + kRootLife,
                                     .is_ca = true,
                                     .path_length = 0},
                                    random));
  return CertificateAuthority(std::move(root), std::move(key), clock, random);
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::FromPem(
    absl::string_view certificate_pem, const Secret& private_key_pem, const Clock& clock,
    Random& random) {
  ASSIGN_OR_RETURN(crypto::Certificate root, crypto::Certificate::FromPem(certificate_pem));
  ASSIGN_OR_RETURN(crypto::PrivateKey key, crypto::PrivateKey::FromPem(private_key_pem));
  if (!root.is_ca()) return absl::InvalidArgumentError("the certificate is not an authority's");
  if (!(root.public_key() == key.public_key())) {
    return absl::InvalidArgumentError(
        "the certificate authority's key does not belong to its certificate; restore both from the "
        "same backup");
  }
  const absl::Time now = clock.Now();
  if (now < root.not_before() || now >= root.not_after()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the certificate authority is valid from ",
                     absl::FormatTime(root.not_before(), absl::UTCTimeZone()), " to ",
                     absl::FormatTime(root.not_after(), absl::UTCTimeZone()),
                     ", which is not now; check this machine's clock"));
  }
  return CertificateAuthority(std::move(root), std::move(key), clock, random);
}

absl::Time CertificateAuthority::EndOf(absl::Duration life) const {
  return std::min(clock_->Now() + life, root_.not_after());
}

absl::StatusOr<IssuedServer> CertificateAuthority::IssueServer(
    const std::vector<std::string>& addresses) const {
  ASSIGN_OR_RETURN(const crypto::PrivateKey key, crypto::PrivateKey::Generate());
  crypto::CertificateSpec spec{.subject_common_name = kServerName,
                               .dns_sans = {kServerName},
                               .not_before = clock_->Now() - kServerClockLenience,
                               .not_after = EndOf(kServerLife),
                               .server = true};
  for (const std::string& address : addresses) {
    (LooksLikeIp(address) ? spec.ip_sans : spec.dns_sans).push_back(address);
  }
  ASSIGN_OR_RETURN(const crypto::Certificate certificate,
                   crypto::IssueCertificate(root_, key_, key.public_key(), spec, *random_));
  ASSIGN_OR_RETURN(Secret pem, key.ToPem());
  return IssuedServer{certificate.ToPem(), std::move(pem)};
}

absl::StatusOr<crypto::Certificate> CertificateAuthority::IssueWorker(
    const ZoneId& zone, const ServerId& server, const crypto::PublicKey& key) const {
  return crypto::IssueCertificate(root_, key_, key,
                                  {.subject_common_name = server.value(),
                                   .uri_sans = {WorkerUri(zone, server)},
                                   .not_before = clock_->Now() - kClockLenience,
                                   .not_after = EndOf(kWorkerLife),
                                   .client = true},
                                  *random_);
}

absl::StatusOr<crypto::Certificate> CertificateAuthority::IssueOperator(
    const OperatorId& op, const crypto::PublicKey& key, absl::Duration life) const {
  return crypto::IssueCertificate(root_, key_, key,
                                  {.subject_common_name = op.value(),
                                   .uri_sans = {OperatorUri(op)},
                                   .not_before = clock_->Now() - kClockLenience,
                                   .not_after = EndOf(life),
                                   .client = true},
                                  *random_);
}

}  // namespace muster::identity
