#include "worker/identity/identity.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::worker {
namespace {

absl::Status Foreign(absl::string_view what) {
  return FailureStatus(FailureCode::kCertForeign,
                       absl::StrCat("the certificate from the orchestrator ", what));
}

}  // namespace

Identity Identity::Clone() const {
  return {.server_id = server_id,
          .zone_pin = zone_pin,
          .session_address = session_address,
          .admitted = admitted,
          .certificate_pem = certificate_pem,
          .ca_bundle_pem = ca_bundle_pem,
          .private_key_pem = private_key_pem.Clone()};
}

absl::Status CheckCertificate(const std::string& certificate_pem, const std::string& ca_bundle_pem,
                              const crypto::PublicKey& key, const std::string& zone_id,
                              const ServerId& server_id, absl::Time now) {
  const auto chain = crypto::Certificate::BundleFromPem(certificate_pem);
  const auto anchors = crypto::Certificate::BundleFromPem(ca_bundle_pem);
  if (!chain.ok() || !anchors.ok()) return Foreign("cannot be read");
  const crypto::Certificate& leaf = chain->front();
  if (!(leaf.public_key() == key)) return Foreign("is not for this worker's key");
  const std::string name = absl::StrCat("muster://", zone_id, "/", server_id.value());
  const std::vector<std::string>& names = leaf.uri_sans();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    return Foreign(absl::StrCat("does not name ", name));
  }
  // A clock that is wrong must not lock the machine out here: dates are the orchestrator's to
  // judge.
  const absl::Time when = std::clamp(now, leaf.not_before(), leaf.not_after() - absl::Seconds(1));
  const std::span<const crypto::Certificate> intermediates(chain->data() + 1, chain->size() - 1);
  if (const absl::Status verified =
          crypto::VerifyChain(leaf, intermediates, *anchors, when, crypto::Purpose::kClient);
      !verified.ok()) {
    return Foreign(absl::StrCat("does not descend from its CA: ", verified.message()));
  }
  return absl::OkStatus();
}

std::optional<Failure> ProblemByDates(const std::string& certificate_pem, absl::Time now) {
  const auto leaf = crypto::Certificate::FromPem(certificate_pem);
  if (!leaf.ok()) return std::nullopt;
  if (now >= leaf->not_after()) {
    return Failure{FailureCode::kCertExpired,
                   absl::StrCat("this worker's certificate ended at ",
                                absl::FormatTime(leaf->not_after(), absl::UTCTimeZone()))};
  }
  if (now < leaf->not_before()) {
    return Failure{FailureCode::kClockSkew,
                   absl::StrCat("by this server's clock its certificate begins in ",
                                absl::FormatDuration(
                                    absl::Trunc(leaf->not_before() - now, absl::Seconds(1))))};
  }
  return std::nullopt;
}

absl::Time RenewalTime(const std::string& certificate_pem) {
  const auto certificate = crypto::Certificate::FromPem(certificate_pem);
  if (!certificate.ok()) return absl::InfinitePast();
  return certificate->not_before() + (certificate->not_after() - certificate->not_before()) * 2 / 3;
}

}  // namespace muster::worker
