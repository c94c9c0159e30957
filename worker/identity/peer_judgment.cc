#include "worker/identity/peer_judgment.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/failure_code.h"

namespace muster::worker {
namespace {

std::string Date(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

// "3h0m5s"; days where it is longer: nobody counts 8760 hours.
std::string Span(absl::Duration span) {
  if (span >= absl::Hours(48)) return absl::StrCat(span / absl::Hours(24), " days");
  return absl::FormatDuration(absl::Trunc(span, absl::Seconds(1)));
}

Failure Skew(std::string detail) { return {FailureCode::kClockSkew, std::move(detail)}; }

// It does not take our certificate, which is of the authority of its own: by its clock that has
// ended or not begun.
std::optional<Failure> JudgeRefusal(const crypto::TlsLook& look, const PeerQuestion& question) {
  const bool has_ended = look.alert == crypto::kAlertCertificateExpired;
  const bool has_not_begun = look.alert == crypto::kAlertBadCertificate;
  if (!has_ended && !has_not_begun && (!look.ended || look.alert != 0)) return std::nullopt;
  const auto own = crypto::Certificate::FromPem(question.certificate_pem);
  if (!own.ok() || question.now < own->not_before() || question.now >= own->not_after()) {
    return std::nullopt;  // What is wrong with it is seen without the peer.
  }
  const std::string behind =
      absl::StrCat("at least ", Span(own->not_after() - question.now), " behind");
  const std::string ahead =
      absl::StrCat("at least ", Span(question.now - own->not_before()), " ahead of");
  return Skew(
      absl::StrCat("the orchestrator at ", question.address,
                   " does not take this worker's certificate, which by this machine's clock (",
                   Date(question.now), ") is good from ", Date(own->not_before()), " to ",
                   Date(own->not_after()), ": this clock is likely ",
                   has_ended       ? behind
                   : has_not_begun ? ahead
                                   : absl::StrCat(ahead, ", or ", behind, ","),
                   " the orchestrator's"));
}

}  // namespace

std::optional<Failure> JudgePeer(const crypto::TlsLook& look, const PeerQuestion& question) {
  const auto anchors = crypto::Certificate::BundleFromPem(question.ca_bundle_pem);
  if (look.chain.empty() || !anchors.ok()) return std::nullopt;
  const crypto::Certificate& leaf = look.chain.front();
  const std::span<const crypto::Certificate> rest(look.chain.data() + 1, look.chain.size() - 1);
  const absl::Time in_date =
      std::clamp(question.now, leaf.not_before(), leaf.not_after() - absl::Seconds(1));
  const absl::Status of_ours =
      crypto::VerifyChain(leaf, rest, *anchors, in_date, crypto::Purpose::kServer);
  if (!of_ours.ok()) {
    return Failure{question.foreign,
                   absl::StrCat("who answers at ", question.address, " shows a certificate (",
                                leaf.subject_common_name(), ", issued by ",
                                leaf.issuer_common_name(), ") of another authority")};
  }
  if (question.now < leaf.not_before()) {
    return Skew(absl::StrCat("the certificate of the orchestrator at ", question.address,
                             " begins at ", Date(leaf.not_before()), "; this machine's clock says ",
                             Date(question.now), " and is at least ",
                             Span(leaf.not_before() - question.now), " behind the orchestrator's"));
  }
  if (question.now >= leaf.not_after()) {
    return Skew(absl::StrCat("the certificate of the orchestrator at ", question.address,
                             " ended at ", Date(leaf.not_after()), "; this machine's clock says ",
                             Date(question.now), " and is at least ",
                             Span(question.now - leaf.not_after()),
                             " ahead of the orchestrator's, unless that did not renew it"));
  }
  return JudgeRefusal(look, question);
}

}  // namespace muster::worker
