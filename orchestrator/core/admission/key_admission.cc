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

// What a certificate's key is to its server.
enum class KeyStanding { kOut, kInUse, kWaitsForSession, kWaitsForOperator };

// One rule for what is shown and for what is let in. `payer` is the certificate's token; null: it
// has none any more.
KeyStanding KeyStandingOf(const WorkerCertificate& certificate, const BootstrapToken* payer,
                          Admission admission, absl::Time now) {
  if (certificate.state != CertificateState::kActive || now >= certificate.not_after) {
    return KeyStanding::kOut;
  }
  const bool waits = IsWaiting(certificate, payer, admission, now);
  // One that was taken over has no token that would vouch for it.
  const bool in_use = certificate.confirmed || certificate.token_id.empty();
  switch (admission) {
    case Admission::kPending:
    case Admission::kRejected:
      if (waits || certificate.confirmed) return KeyStanding::kWaitsForOperator;
      break;
    case Admission::kAdmitted:
      if (waits && payer->mode == store::TokenMode::kPending && !certificate.admitted) {
        return KeyStanding::kWaitsForOperator;
      }
      break;
    case Admission::kRegistered:
    case Admission::kEvicted:
    case Admission::kBanned:
    case Admission::kRetired:
      break;
  }
  if (waits) return KeyStanding::kWaitsForSession;
  return in_use ? KeyStanding::kInUse : KeyStanding::kOut;
}

absl::Status NotThisKey(std::string why) {
  return FailureStatus(FailureCode::kInventoryKey, std::move(why));
}

}  // namespace

absl::StatusOr<ShownKey> KeyOf(const store::WalledSnapshot& snapshot, const store::Server& server,
                               absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all, snapshot.ListCertificates(server.id));
  ShownKey shown;
  KeyStanding best = KeyStanding::kOut;
  for (const WorkerCertificate& certificate : all) {
    std::optional<BootstrapToken> payer;
    if (!certificate.confirmed && !certificate.token_id.empty()) {
      ASSIGN_OR_RETURN(payer, snapshot.FindToken(certificate.token_id));
    }
    const KeyStanding standing =
        KeyStandingOf(certificate, payer.has_value() ? &*payer : nullptr, server.admission, now);
    if (standing <= best) continue;  // Of equals the newest, which comes first.
    best = standing;
    shown = {certificate.public_key_hash, standing != KeyStanding::kInUse};
  }
  return shown;
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
    if (KeyStandingOf(certificate, payer.has_value() ? &*payer : nullptr, server.admission,
                      turn.now()) == KeyStanding::kWaitsForOperator) {
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
