#include "orchestrator/core/admission/certificates.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/name_holders.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::BootstrapToken;
using store::CertificateState;
using store::WorkerCertificate;

bool IsUnconfirmed(const WorkerCertificate& certificate) {
  return certificate.state == CertificateState::kActive && !certificate.confirmed;
}

// What the same request was answered with; null: nothing that was kept.
const WorkerCertificate* AnsweredWith(const std::vector<WorkerCertificate>& all,
                                      const TokenId& token, absl::string_view public_key_hash) {
  for (const WorkerCertificate& old : all) {
    if (IsUnconfirmed(old) && old.token_id == token && old.public_key_hash == public_key_hash &&
        !old.pem.empty()) {
      return &old;
    }
  }
  return nullptr;
}

absl::Status CheckPayment(Turn& turn, const WorkerCertificate& certificate,
                          const store::Server& server,
                          const std::vector<WorkerCertificate>& before) {
  ASSIGN_OR_RETURN(const std::optional<BootstrapToken> token,
                   turn.store().tokens().Find(certificate.token_id));
  if (!token.has_value()) return FailureStatus(FailureCode::kTokenUnknown, "it is gone");
  if (token->state == store::TokenState::kRevoked || token->state == store::TokenState::kLocked) {
    return FailureStatus(token->state == store::TokenState::kRevoked ? FailureCode::kTokenRevoked
                                                                     : FailureCode::kTokenLocked,
                         "meanwhile");
  }
  // Since the decision another key may have come first.
  ASSIGN_OR_RETURN(const auto held,
                   WhyHeld(turn, *token, server, before, certificate.public_key_hash));
  if (held.has_value()) return FailureStatus(*held, absl::StrCat("server ", server.name));
  const bool known = std::any_of(before.begin(), before.end(), [&](const WorkerCertificate& old) {
    return old.state == CertificateState::kActive && old.token_id == certificate.token_id &&
           old.public_key_hash == certificate.public_key_hash;
  });
  if (known) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool left, HasUseLeft(turn, *token, before));
  if (!left) return FailureStatus(FailureCode::kTokenExhausted, "others took the last use");
  return absl::OkStatus();
}

absl::Status NotDue(std::string why) {
  return FailureStatus(FailureCode::kCertNotDue, std::move(why));
}

}  // namespace

absl::StatusOr<bool> HasUseLeft(Turn& turn, const BootstrapToken& token,
                                const std::vector<WorkerCertificate>& of_server) {
  // Whoever waits for an operator keeps the use for as long as it waits.
  const absl::Time since = token.mode == store::TokenMode::kPending
                               ? absl::UnixEpoch()
                               : turn.now() - kFirstSessionWithin;
  ASSIGN_OR_RETURN(int promised,
                   turn.store().certificates().CountUnconfirmed(token.id, since, turn.now()));
  const bool to_it =
      std::any_of(of_server.begin(), of_server.end(), [&](const WorkerCertificate& certificate) {
        return IsUnconfirmed(certificate) && certificate.token_id == token.id &&
               certificate.create_time >= since && certificate.not_after > turn.now();
      });
  if (to_it) --promised;
  return token.uses + promised < token.max_uses;
}

absl::StatusOr<WorkerCertificate> RecordCertificate(Turn& turn,
                                                    const WorkerCertificate& certificate) {
  ASSIGN_OR_RETURN(const std::optional<store::Server> server,
                   turn.store().servers().Find(certificate.server_id));
  if (!server.has_value() || server->zone_id != certificate.zone_id) {
    return FailureStatus(FailureCode::kServerUnknown,
                         absl::StrCat("no server ", certificate.server_id.value(), " in zone ",
                                      certificate.zone_id.value()));
  }
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> before,
                   turn.store().certificates().ListOf(server->id));
  if (const WorkerCertificate* known =
          AnsweredWith(before, certificate.token_id, certificate.public_key_hash)) {
    return *known;
  }
  // Since the decision an operator may have put it out.
  if (const auto out = PutOutCode(server->admission)) {
    return FailureStatus(*out, absl::StrCat("server ", server->name));
  }
  const bool renewal = certificate.token_id.empty();
  if (renewal && server->admission != store::Admission::kAdmitted) {
    return FailureStatus(FailureCode::kDispatchNotAdmitted, absl::StrCat("server ", server->name));
  }
  if (!renewal) RETURN_IF_ERROR(CheckPayment(turn, certificate, *server, before));
  ServerChange change(turn, kSystemActor, "certificate.issue", server->id, server->zone_id);
  for (const WorkerCertificate& old : before) {
    // Another key that waited; WhyHeld and GrantRenewal let this one take its place.
    if (IsUnconfirmed(old) && old.token_id.empty() == renewal &&
        old.public_key_hash != certificate.public_key_hash) {
      RETURN_IF_ERROR(
          change.Certificate(old.id, CertificateState::kActive, CertificateState::kSuperseded));
    }
  }
  RETURN_IF_ERROR(change.InsertCertificate(certificate));
  change.Note(absl::StrCat("key ", certificate.public_key_hash));
  RETURN_IF_ERROR(change.Record());
  return certificate;
}

absl::StatusOr<RenewalGrant> GrantRenewal(Turn& turn, const RenewalRequest& request) {
  ASSIGN_OR_RETURN(const std::optional<WorkerCertificate> certificate,
                   turn.store().certificates().Find(request.certificate_id));
  if (!certificate.has_value()) {
    return FailureStatus(FailureCode::kCertUnknown, "the certificate is not on record");
  }
  if (certificate->state != CertificateState::kActive) {
    return FailureStatus(FailureCode::kCertRevoked,
                         absl::StrCat("the certificate is ", store::ToString(certificate->state)));
  }
  if (certificate->server_id != request.server_id || certificate->zone_id != request.zone_id) {
    return FailureStatus(FailureCode::kCertForeign, "the certificate is of another server");
  }
  if (turn.now() >= certificate->not_after) {
    return FailureStatus(FailureCode::kCertExpired, "the certificate has ended");
  }
  ASSIGN_OR_RETURN(const auto server, turn.store().servers().Find(request.server_id));
  if (!server.has_value() || server->admission != store::Admission::kAdmitted) {
    return FailureStatus(FailureCode::kDispatchNotAdmitted, "the server is not admitted");
  }
  if (!certificate->confirmed) return NotDue("no session was opened with the certificate yet");
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all,
                   turn.store().certificates().ListOf(server->id));
  if (const WorkerCertificate* known = AnsweredWith(all, TokenId(), request.public_key_hash)) {
    return RenewalGrant{known->pem};
  }
  const absl::Duration life = certificate->not_after - certificate->not_before;
  const absl::Time due = certificate->not_before + life * 2 / 3 - kRenewalLenience;
  // One that was taken over is not as it was issued here: the next one ends that, whenever it comes.
  const bool taken_over = certificate->token_id.empty() && certificate->pem.empty();
  if (turn.now() < due && !taken_over) {
    return NotDue(absl::StrCat("it is renewed from ",
                               absl::FormatTime(absl::RFC3339_sec, due, absl::UTCTimeZone()),
                               " on"));
  }
  ASSIGN_OR_RETURN(const bool out,
                   turn.store().certificates().IsRevokedKey(request.public_key_hash));
  if (out) return FailureStatus(FailureCode::kBootstrapEvicted, "the key was put out");
  for (const WorkerCertificate& old : all) {
    if (old.token_id.empty() && turn.now() - old.create_time < kRenewalWithOtherKeyEvery &&
        old.public_key_hash != request.public_key_hash) {
      return NotDue("it was renewed with another key within the hour");
    }
  }
  return RenewalGrant{};
}

}  // namespace muster::core
