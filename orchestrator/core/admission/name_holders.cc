#include "orchestrator/core/admission/name_holders.h"

#include <algorithm>
#include <string>

#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

using store::Admission;
using store::BootstrapToken;
using store::CertificateState;
using store::TokenMode;
using store::WorkerCertificate;

// A machine that was made anew: the token's maker says so by naming the server, or the other's
// certificate has ended.
bool MayReplaceOneInUse(const BootstrapToken& token, const store::Server& server,
                        const WorkerCertificate& other, absl::Time now) {
  return now >= other.not_after || (token.mode == TokenMode::kAuto && Names(token, server.name));
}

// Whoever made the token knew, or could know, that another key waits.
bool MayReplaceOneThatWaits(const BootstrapToken& token, const store::Server& server,
                            const WorkerCertificate& other) {
  return Names(token, server.name) && token.create_time > other.create_time &&
         (token.mode == TokenMode::kAuto || server.admission == Admission::kPending);
}

}  // namespace

std::optional<FailureCode> PutOutCode(Admission admission) {
  switch (admission) {
    case Admission::kBanned:
    case Admission::kRetired:
      return FailureCode::kBootstrapBanned;
    case Admission::kRejected:
      return FailureCode::kBootstrapRejected;
    case Admission::kRegistered:
    case Admission::kPending:
    case Admission::kAdmitted:
    case Admission::kEvicted:
      break;
  }
  return std::nullopt;
}

bool Names(const BootstrapToken& token, absl::string_view name) {
  return std::any_of(
      token.server_names.begin(), token.server_names.end(),
      [name](const std::string& named) { return FoldName(named) == FoldName(name); });
}

bool Admits(const BootstrapToken& token, const store::Server& server) {
  if (token.mode != TokenMode::kAuto) return false;
  switch (server.admission) {
    case Admission::kRegistered:
      return true;
    case Admission::kPending:
      return token.any_name || Names(token, server.name);
    case Admission::kEvicted:
      return !server.admission_time.has_value() || token.create_time > *server.admission_time;
    case Admission::kAdmitted:
    case Admission::kBanned:
    case Admission::kRetired:
    case Admission::kRejected:
      return false;
  }
  return false;
}

bool LetsIn(const BootstrapToken& token, const store::Server& server, bool key_admitted) {
  if (server.admission != Admission::kAdmitted) return Admits(token, server);
  return key_admitted || token.mode == TokenMode::kAuto;
}

bool IsWaiting(const WorkerCertificate& certificate, const BootstrapToken* payer,
               Admission admission, absl::Time now) {
  if (certificate.state != CertificateState::kActive || certificate.confirmed ||
      now >= certificate.not_after || payer == nullptr ||
      payer->state == store::TokenState::kRevoked) {
    return false;
  }
  // An operator lets it in however long it waited.
  return payer->mode == TokenMode::kPending || admission == Admission::kPending ||
         admission == Admission::kRejected || certificate.admitted ||
         now - certificate.create_time <= kFirstSessionWithin;
}

absl::StatusOr<bool> IsWaiting(Turn& turn, const WorkerCertificate& certificate,
                               Admission admission) {
  if (certificate.token_id.empty()) return false;
  ASSIGN_OR_RETURN(const std::optional<BootstrapToken> payer,
                   turn.store().tokens().Find(certificate.token_id));
  return IsWaiting(certificate, payer.has_value() ? &*payer : nullptr, admission, turn.now());
}

absl::StatusOr<std::optional<FailureCode>> WhyHeld(
    Turn& turn, const BootstrapToken& token, const store::Server& server,
    const std::vector<WorkerCertificate>& certificates, absl::string_view public_key_hash) {
  std::optional<FailureCode> why;
  for (const WorkerCertificate& other : certificates) {
    if (other.state != CertificateState::kActive || other.public_key_hash == public_key_hash) {
      continue;
    }
    // The renewal of a certificate in use is as good as that.
    if (other.confirmed || other.token_id.empty()) {
      if (!MayReplaceOneInUse(token, server, other, turn.now())) {
        return std::optional(FailureCode::kBootstrapNameTaken);
      }
      continue;
    }
    ASSIGN_OR_RETURN(const bool waits, IsWaiting(turn, other, server.admission));
    if (waits && !MayReplaceOneThatWaits(token, server, other)) {
      why = FailureCode::kBootstrapKeyWaits;
    }
  }
  return why;
}

}  // namespace muster::core
