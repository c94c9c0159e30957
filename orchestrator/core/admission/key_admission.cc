#include "orchestrator/core/admission/key_admission.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/name_holders.h"

namespace muster::core {
namespace {

using store::Admission;
using store::BootstrapToken;
using store::CertificateState;
using store::WorkerCertificate;

// Whether it is for an operator to let the certificate's key in.
bool WaitsForOperator(const WorkerCertificate& certificate, const BootstrapToken* payer,
                      Admission admission, absl::Time now) {
  const bool waits = IsWaiting(certificate, payer, admission, now);
  if (admission == Admission::kAdmitted) {
    return waits && payer->mode == store::TokenMode::kPending && !certificate.admitted;
  }
  // One that was taken over has no token that would vouch for it.
  return waits || (certificate.state == CertificateState::kActive && certificate.confirmed &&
                   now < certificate.not_after);
}

absl::Status NotThisKey(std::string why) {
  return FailureStatus(FailureCode::kInventoryKey, std::move(why));
}

}  // namespace

absl::StatusOr<ShownKey> KeyOf(const store::WalledSnapshot& snapshot, const store::Server& server,
                               absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all, snapshot.ListCertificates(server.id));
  ShownKey in_use;
  for (const WorkerCertificate& certificate : all) {
    if (certificate.state != CertificateState::kActive || now >= certificate.not_after) continue;
    std::optional<BootstrapToken> payer;
    if (!certificate.confirmed && !certificate.token_id.empty()) {
      ASSIGN_OR_RETURN(payer, snapshot.FindToken(certificate.token_id));
    }
    const BootstrapToken* const known = payer.has_value() ? &*payer : nullptr;
    const bool asked =
        server.admission == Admission::kPending || server.admission == Admission::kRejected;
    if (IsWaiting(certificate, known, server.admission, now) ||
        (asked && WaitsForOperator(certificate, known, server.admission, now))) {
      return ShownKey{certificate.public_key_hash, true};
    }
    if (in_use.fingerprint.empty() && (certificate.confirmed || certificate.token_id.empty())) {
      in_use.fingerprint = certificate.public_key_hash;
    }
  }
  return in_use;
}

absl::Status AdmitKey(Turn& turn, ServerChange& change, const store::Server& server,
                      const std::string& fingerprint) {
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all,
                   turn.store().certificates().ListOf(server.id));
  std::set<std::string> waiting;
  for (const WorkerCertificate& certificate : all) {
    std::optional<BootstrapToken> payer;
    if (!certificate.token_id.empty()) {
      ASSIGN_OR_RETURN(payer, turn.store().tokens().Find(certificate.token_id));
    }
    if (WaitsForOperator(certificate, payer.has_value() ? &*payer : nullptr, server.admission,
                         turn.now())) {
      waiting.insert(certificate.public_key_hash);
    }
  }
  const std::string keys = absl::StrJoin(waiting, " and ");
  if (waiting.empty()) {
    if (server.admission == Admission::kAdmitted) {
      return FailureStatus(FailureCode::kRequestState,
                           absl::StrCat("server ", server.name,
                                        " is admitted, and no other key waits: nothing to do"));
    }
    return NotThisKey(absl::StrCat("no key waits under the name ", server.name,
                                   server.admission == Admission::kRejected
                                       ? "; 'muster server restore' lets it be enrolled again"
                                       : ""));
  }
  if (fingerprint.empty() && waiting.size() > 1) {
    return NotThisKey(absl::StrCat("several keys wait under the name ", server.name, ": ", keys));
  }
  const std::string& chosen = fingerprint.empty() ? *waiting.begin() : fingerprint;
  if (!waiting.contains(chosen)) {
    return NotThisKey(
        absl::StrCat("under the name ", server.name, " waits the key ", keys, ", not ", chosen));
  }
  change.Note(absl::StrCat("key ", chosen));
  for (const WorkerCertificate& certificate : all) {
    if (certificate.state != CertificateState::kActive) continue;
    if (certificate.public_key_hash == chosen) {
      RETURN_IF_ERROR(turn.store().certificates().SetAdmitted(certificate.id));
    } else if (waiting.contains(certificate.public_key_hash)) {
      RETURN_IF_ERROR(change.Certificate(certificate.id, CertificateState::kActive,
                                         CertificateState::kSuperseded));
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::core
