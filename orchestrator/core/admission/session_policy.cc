#include "orchestrator/core/admission/session_policy.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/certificate_takeover.h"
#include "orchestrator/core/admission/name_holders.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

using store::Admission;
using store::BootstrapToken;
using store::CertificateState;
using store::WorkerCertificate;

AdmissionDecision RefuseSession(FailureCode code, std::string detail) {
  return AdmissionDecision(Failure{code, std::move(detail)});
}

std::optional<Failure> RefusalOf(const WorkerCertificate& certificate, absl::Time now) {
  switch (certificate.state) {
    case CertificateState::kRevoked:
    case CertificateState::kSuperseded:
      return Failure{FailureCode::kCertRevoked,
                     absl::StrCat("certificate ", certificate.id.value(), " is ",
                                  store::ToString(certificate.state))};
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

absl::StatusOr<std::optional<BootstrapToken>> PayerOf(Turn& turn,
                                                      const WorkerCertificate& certificate) {
  if (certificate.token_id.empty()) return std::optional<BootstrapToken>();
  return turn.store().tokens().Find(certificate.token_id);
}

// The first session with this certificate: its token pays now. What others did with the token since
// the certificate was issued, or that it expired, does not matter: the use was promised. When an
// operator let this very key in, it matters not what the token can still pay either.
absl::StatusOr<std::optional<Failure>> Pay(Turn& turn, const WorkerCertificate& certificate,
                                           const BootstrapToken& token) {
  if (token.state == store::TokenState::kRevoked || token.state == store::TokenState::kLocked) {
    return std::optional<Failure>(Failure{token.state == store::TokenState::kLocked
                                              ? FailureCode::kTokenLocked
                                              : FailureCode::kTokenRevoked,
                                          "before the worker's first session"});
  }
  const bool automatic = token.mode == store::TokenMode::kAuto && !certificate.admitted;
  if (automatic && turn.now() - certificate.create_time > kFirstSessionWithin) {
    return std::optional<Failure>(
        Failure{FailureCode::kTokenExpired,
                absl::StrCat("the first session came more than ",
                             absl::FormatDuration(kFirstSessionWithin), " after the certificate")});
  }
  const absl::Status consumed = turn.store().tokens().Consume(token.id);
  if (absl::IsFailedPrecondition(consumed)) {
    if (!automatic) return std::optional<Failure>();
    return std::optional<Failure>(
        Failure{FailureCode::kTokenExhausted, "before the worker's first session"});
  }
  RETURN_IF_ERROR(consumed);
  ASSIGN_OR_RETURN(const std::optional<BootstrapToken> paid, turn.store().tokens().Find(token.id));
  if (!paid.has_value()) return std::optional<Failure>();
  RETURN_IF_ERROR(Audit(turn, WorkerActor(certificate.server_id), "token.use", paid->id.value(),
                        paid->tenant_id,
                        absl::StrCat("use ", paid->uses, " of ", paid->max_uses,
                                     paid->state == store::TokenState::kExhausted &&
                                             token.state != store::TokenState::kExhausted
                                         ? "; active → exhausted"
                                         : "")));
  return std::optional<Failure>();
}

absl::Status SupersedeOthers(Turn& turn, ServerChange& change,
                             const WorkerCertificate& certificate) {
  ASSIGN_OR_RETURN(const std::vector<WorkerCertificate> all,
                   turn.store().certificates().ListOf(certificate.server_id));
  for (const WorkerCertificate& old : all) {
    if (old.id == certificate.id || old.state != CertificateState::kActive) continue;
    RETURN_IF_ERROR(
        change.Certificate(old.id, CertificateState::kActive, CertificateState::kSuperseded));
  }
  return absl::OkStatus();
}

absl::StatusOr<AdmissionDecision> Decide(Turn& turn, const SessionOpening& opening) {
  ASSIGN_OR_RETURN(std::optional<WorkerCertificate> certificate,
                   turn.store().certificates().Find(opening.certificate_id));
  if (!certificate.has_value()) {
    if (opening.public_key_hash.empty() || turn.now() >= opening.not_after) {
      return RefuseSession(FailureCode::kCertUnknown,
                           absl::StrCat("serial ", opening.certificate_id.value()));
    }
    ASSIGN_OR_RETURN(auto taken, TakeOverCertificate(turn, opening));
    if (const Failure* refusal = std::get_if<Failure>(&taken)) return AdmissionDecision(*refusal);
    certificate = std::get<WorkerCertificate>(std::move(taken));
  }
  ASSIGN_OR_RETURN(std::optional<store::Server> server,
                   turn.store().servers().Find(certificate->server_id));
  // Before its certificate's own state: a new token would not help.
  if (server.has_value() && server->id == opening.server_id) {
    if (const auto code = PutOutCode(server->admission)) {
      return RefuseSession(
          *code, absl::StrCat("server ", server->name, " is ", store::ToString(server->admission)));
    }
  }
  if (auto refusal = RefusalOf(*certificate, turn.now())) return AdmissionDecision(*refusal);
  if (!server.has_value() || certificate->server_id != opening.server_id ||
      certificate->zone_id != opening.zone_id || server->zone_id != opening.zone_id ||
      server->tenant_id != opening.tenant_id) {
    return RefuseSession(
        FailureCode::kCertForeign,
        absl::StrCat("it names ", opening.server_id.value(), " of ", opening.zone_id.value()));
  }
  ASSIGN_OR_RETURN(const std::optional<BootstrapToken> token, PayerOf(turn, *certificate));
  const bool admit = server->admission != Admission::kAdmitted;
  const bool pays = !certificate->confirmed && token.has_value();
  if (pays ? !LetsIn(*token, *server, certificate->admitted) : admit) {
    return RefuseSession(
        FailureCode::kDispatchNotAdmitted,
        absl::StrCat("server ", server->name, " is ", store::ToString(server->admission),
                     admit ? "" : ", with another key than this"));
  }
  if (!certificate->confirmed) {
    if (token.has_value()) {
      ASSIGN_OR_RETURN(const std::optional<Failure> refusal, Pay(turn, *certificate, *token));
      if (refusal.has_value()) return AdmissionDecision(*refusal);
    }
    RETURN_IF_ERROR(turn.store().certificates().Confirm(certificate->id));
    ServerChange change(turn, WorkerActor(server->id), "session.first", server->id,
                        server->zone_id);
    change.Note(
        absl::StrCat("certificate ", certificate->id.value(), " confirmed from ", opening.address));
    if (admit) {
      RETURN_IF_ERROR(change.Admission(server->admission, Admission::kAdmitted));
      server->admission = Admission::kAdmitted;
    }
    RETURN_IF_ERROR(SupersedeOthers(turn, change, *certificate));
    RETURN_IF_ERROR(change.Record());
    // It has one again that was issued on record.
    RETURN_IF_ERROR(ClearObservations(turn, server->id, {FailureCode::kCertAdopted}));
  }
  return AdmissionDecision(*std::move(server));
}

// The refusal is seen at the server that the certificate names: its authority is ours.
absl::Status NoteRefusedSession(Turn& turn, Refusals& refusals, const SessionOpening& opening,
                                const Failure& refusal) {
  ASSIGN_OR_RETURN(const auto server, turn.store().servers().Find(opening.server_id));
  const bool known = server.has_value() && server->zone_id == opening.zone_id;
  if (refusal.code == FailureCode::kDispatchNotAdmitted && known &&
      server->admission != store::Admission::kAdmitted) {
    return absl::OkStatus();  // Its state says it. Not of another key than the one that is in.
  }
  RETURN_IF_ERROR(
      refusals.Note(turn, {.actor = absl::StrCat("address:", opening.address),
                           .action = "session.refused",
                           .subject = known ? server->id.value() : "",
                           .tenant_id = known ? server->tenant_id : TenantId(),
                           .code = refusal.code,
                           .address = opening.address,
                           .detail = absl::StrCat("from ", opening.address, ": ", refusal.detail),
                           .token_id = {},
                           .server_name = {}}));
  if (!known) return absl::OkStatus();
  return Observe(
      turn, server->id, refusal.code,
      absl::StrCat("a session from ", opening.address, " was refused: ", refusal.detail));
}

absl::Status NoteContact(Turn& turn, const SessionOpening& opening, store::Server& server) {
  RETURN_IF_ERROR(turn.store().servers().SetLastContact(server.id, turn.now()));
  const bool new_machine = !(server.machine == opening.machine);
  const bool new_service = opening.service.has_value() && !(server.service == *opening.service);
  if (!new_machine && !new_service) return absl::OkStatus();
  RETURN_IF_ERROR(turn.store().servers().SetFacts(
      server.id, new_machine ? std::optional(opening.machine) : std::nullopt,
      new_service ? opening.service : std::nullopt));
  server.machine = opening.machine;
  if (new_service) server.service = *opening.service;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AdmissionDecision> AdmitSession(Turn& turn, Refusals& refusals,
                                               const SessionOpening& opening) {
  ASSIGN_OR_RETURN(AdmissionDecision decision, Decide(turn, opening));
  if (const Failure* refusal = std::get_if<Failure>(&decision)) {
    RETURN_IF_ERROR(NoteRefusedSession(turn, refusals, opening, *refusal));
    return decision;
  }
  store::Server& server = std::get<store::Server>(decision);
  RETURN_IF_ERROR(ClearObservations(
      turn, server.id,
      {FailureCode::kCertUnknown, FailureCode::kCertRevoked, FailureCode::kCertExpired,
       FailureCode::kCertForeign, FailureCode::kBootstrapBanned, FailureCode::kBootstrapRejected,
       FailureCode::kBootstrapEvicted, FailureCode::kTokenExpired, FailureCode::kTokenExhausted,
       FailureCode::kTokenRevoked, FailureCode::kTokenLocked, FailureCode::kBootstrapOtherZone,
       FailureCode::kDispatchNotAdmitted}));
  if (opening.clock_offset.has_value()) {
    RETURN_IF_ERROR(NoteClock(turn, server.id, *opening.clock_offset));
  }
  if (opening.problems.has_value()) {
    RETURN_IF_ERROR(NoteProblems(turn, server.id, *opening.problems));
  }
  RETURN_IF_ERROR(NoteContact(turn, opening, server));
  return decision;
}

absl::Status NoteClock(Turn& turn, const ServerId& server, absl::Duration offset) {
  if (absl::AbsDuration(offset) <= kClockTolerance) {
    return ClearObservations(turn, server, {FailureCode::kClockSkew});
  }
  return Observe(
      turn, server, FailureCode::kClockSkew,
      absl::StrCat("the server's clock is ",
                   absl::FormatDuration(absl::Trunc(absl::AbsDuration(offset), absl::Seconds(1))),
                   offset > absl::ZeroDuration() ? " ahead" : " behind"));
}

}  // namespace muster::core
