#include "orchestrator/core/admission/session_policy.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::Admission;
using store::CertificateState;
using store::WorkerCertificate;

std::optional<Failure> RefusalOf(const WorkerCertificate& certificate, absl::Time now) {
  switch (certificate.state) {
    case CertificateState::kRevoked:
    case CertificateState::kSuperseded:
      return Failure{FailureCode::kCertRevoked,
                     absl::StrCat("certificate ", certificate.id.value(), " is ",
                                  store::ToString(certificate.state))};
    case CertificateState::kExpired:
      return Failure{FailureCode::kCertExpired, certificate.id.value()};
    case CertificateState::kActive:
      break;
  }
  if (now >= certificate.not_after) {
    return Failure{
        FailureCode::kCertExpired,
        absl::StrCat("it ended at ", absl::FormatTime(certificate.not_after, absl::UTCTimeZone()))};
  }
  return std::nullopt;
}

// The first session with this certificate: its token pays now.
absl::StatusOr<std::optional<Failure>> Confirm(Turn& turn, const WorkerCertificate& certificate) {
  if (!certificate.token_id.empty()) {
    const absl::Status consumed = turn.store().tokens().Consume(certificate.token_id);
    if (absl::IsFailedPrecondition(consumed)) {
      ASSIGN_OR_RETURN(const std::optional<store::BootstrapToken> token,
                       turn.store().tokens().Find(certificate.token_id));
      const bool revoked = token.has_value() && (token->state == store::TokenState::kRevoked ||
                                                 token->state == store::TokenState::kLocked);
      const bool expired = token.has_value() && token->state == store::TokenState::kExpired;
      return std::optional<Failure>(Failure{revoked   ? FailureCode::kTokenRevoked
                                            : expired ? FailureCode::kTokenExpired
                                                      : FailureCode::kTokenExhausted,
                                            "before the worker's first session"});
    }
    RETURN_IF_ERROR(consumed);
    ASSIGN_OR_RETURN(const std::optional<store::BootstrapToken> token,
                     turn.store().tokens().Find(certificate.token_id));
    if (token.has_value()) {
      RETURN_IF_ERROR(
          Audit(turn, WorkerActor(certificate.server_id), "token.use", token->id.value(),
                token->tenant_id,
                absl::StrCat(
                    "use ", token->uses, " of ", token->max_uses,
                    token->state == store::TokenState::kExhausted ? "; active → exhausted" : "")));
    }
  }
  RETURN_IF_ERROR(turn.store().certificates().Confirm(certificate.id));
  return std::optional<Failure>();
}

absl::StatusOr<bool> AdmitsItself(Turn& turn, const WorkerCertificate& certificate) {
  if (certificate.token_id.empty()) return false;
  ASSIGN_OR_RETURN(const std::optional<store::BootstrapToken> token,
                   turn.store().tokens().Find(certificate.token_id));
  return token.has_value() && token->mode == store::TokenMode::kAuto;
}

}  // namespace

absl::StatusOr<AdmissionDecision> AdmitSession(Turn& turn, const SessionOpening& opening) {
  const auto refuse = [](FailureCode code, std::string detail) {
    return AdmissionDecision(Failure{code, std::move(detail)});
  };
  ASSIGN_OR_RETURN(const std::optional<WorkerCertificate> certificate,
                   turn.store().certificates().Find(opening.certificate_id));
  if (!certificate.has_value()) {
    return refuse(FailureCode::kCertUnknown,
                  absl::StrCat("serial ", opening.certificate_id.value()));
  }
  if (auto refusal = RefusalOf(*certificate, turn.now())) return AdmissionDecision(*refusal);
  ASSIGN_OR_RETURN(std::optional<store::Server> server,
                   turn.store().servers().Find(certificate->server_id));
  if (!server.has_value() || certificate->server_id != opening.server_id ||
      certificate->zone_id != opening.zone_id || server->zone_id != opening.zone_id ||
      server->tenant_id != opening.tenant_id) {
    return refuse(FailureCode::kCertForeign, absl::StrCat("it names ", opening.server_id.value(),
                                                          " of ", opening.zone_id.value()));
  }
  bool admit = false;
  if (server->admission != Admission::kAdmitted) {
    if (server->admission == Admission::kRegistered || server->admission == Admission::kEvicted) {
      ASSIGN_OR_RETURN(admit, AdmitsItself(turn, *certificate));
    }
    if (!admit) {
      return refuse(
          FailureCode::kDispatchNotAdmitted,
          absl::StrCat("server ", server->name, " is ", store::ToString(server->admission)));
    }
  }
  if (!certificate->confirmed) {
    ASSIGN_OR_RETURN(const std::optional<Failure> refusal, Confirm(turn, *certificate));
    if (refusal.has_value()) return AdmissionDecision(*refusal);
    ServerChange change(turn, WorkerActor(server->id), "session.first", server->id,
                        server->zone_id);
    change.Note(
        absl::StrCat("certificate ", certificate->id.value(), " confirmed from ", opening.address));
    if (admit) {
      RETURN_IF_ERROR(change.Admission(server->admission, Admission::kAdmitted));
      server->admission = Admission::kAdmitted;
    }
    ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all,
                     turn.store().certificates().ListOf(server->id));
    for (const WorkerCertificate& old : all) {
      if (old.id == certificate->id || old.state != CertificateState::kActive) continue;
      RETURN_IF_ERROR(
          change.Certificate(old.id, CertificateState::kActive, CertificateState::kSuperseded));
    }
    RETURN_IF_ERROR(change.Record());
  } else if (admit) {
    return refuse(FailureCode::kDispatchNotAdmitted,
                  absl::StrCat("server ", server->name, " was put out; it needs a new token"));
  }
  RETURN_IF_ERROR(turn.store().servers().SetLastContact(server->id, turn.now()));
  const bool new_machine = !(server->machine == opening.machine);
  const bool new_service = opening.service.has_value() && !(server->service == *opening.service);
  if (new_machine || new_service) {
    RETURN_IF_ERROR(turn.store().servers().SetFacts(
        server->id, new_machine ? std::optional(opening.machine) : std::nullopt,
        new_service ? opening.service : std::nullopt));
    server->machine = opening.machine;
    if (new_service) server->service = *opening.service;
  }
  return AdmissionDecision(*std::move(server));
}

}  // namespace muster::core
