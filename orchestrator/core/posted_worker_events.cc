#include "orchestrator/core/posted_worker_events.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/admission/session_policy.h"
#include "orchestrator/core/admission/zone_pins.h"
#include "orchestrator/core/dispatch/session_facts.h"
#include "orchestrator/core/interfaces/ask.h"
#include "orchestrator/core/sweep/clone_sighting.h"

namespace muster::core {
namespace {

// Whether the session begins a new enrollment of its worker. Asked before it is admitted, which
// confirms the certificate.
absl::StatusOr<bool> IsEnrolledAnew(Turn& turn, const CertificateId& id) {
  ASSIGN_OR_RETURN(const std::optional<store::WorkerCertificate> certificate,
                   turn.store().certificates().Find(id));
  return certificate.has_value() && !certificate->confirmed && !certificate->token_id.empty();
}

absl::Status NoteRefusedMachine(Turn& turn, Refusals& refusals, const SessionOpening& opening,
                                const Failure& refusal) {
  return refusals.Note(turn,
                       {.actor = absl::StrCat("address:", opening.address),
                        .action = "session.refused",
                        .subject = opening.server_id.value(),
                        .tenant_id = opening.tenant_id,
                        .code = refusal.code,
                        .address = opening.address,
                        .detail = absl::StrCat("from ", opening.address, ": ", refusal.detail),
                        .token_id = {},
                        .server_name = {}});
}

}  // namespace

void PostedWorkerEvents::OpenSession(SessionOpening opening,
                                     absl::AnyInvocable<void(absl::StatusOr<SessionGrant>)> done) {
  using Decision = std::variant<SessionGrant, Failure>;
  Ask<Decision>(
      control_,
      [this, opening = std::move(opening)](Turn& turn) -> absl::StatusOr<Decision> {
        bool enrolled_anew = false;  // Of interest to what is under way, and to clones, only.
        if (dispatcher_.FindOpen(opening.server_id) != nullptr ||
            dispatcher_.clones().IsContested(opening.server_id)) {
          ASSIGN_OR_RETURN(enrolled_anew, IsEnrolledAnew(turn, opening.certificate_id));
        }
        if (!enrolled_anew) {
          ASSIGN_OR_RETURN(const auto out, dispatcher_.clones().FindRefusal(turn, opening));
          if (out.has_value()) {
            RETURN_IF_ERROR(NoteRefusedMachine(turn, refusals_, opening, *out));
            return Decision(*out);
          }
        }
        ASSIGN_OR_RETURN(const AdmissionDecision admitted, AdmitSession(turn, refusals_, opening));
        if (const Failure* refusal = std::get_if<Failure>(&admitted)) {
          if (const auto untold = refusals_told_.Admit(clock_.Steady())) {
            log::Warning("a session was refused", {{"server", opening.server_id},
                                                   {"address", opening.address},
                                                   {"code", TextOf(refusal->code)},
                                                   {"detail", refusal->detail},
                                                   {"not_told_before", *untold}});
          }
          return Decision(*refusal);
        }
        const store::Server& server = std::get<store::Server>(admitted);
        ASSIGN_OR_RETURN(const MachineVerdict machine,
                         WeighMachine(turn, opening, server, enrolled_anew));
        if (dispatcher_.IsBarred(server.id)) {
          return Decision(Failure{FailureCode::kSessionRecord, "it is left alone"});
        }
        ASSIGN_OR_RETURN(ZonePin pin, WeighHeldPin(turn, zones_, server, opening.pin));
        SessionGrant grant{std::move(pin), machine.nonce};
        Session session;
        session.id = opening.session;
        session.server_id = server.id;
        session.zone_id = opening.zone_id;
        session.address = opening.address;
        session.machine_name =
            server.machine.machine_name.empty() ? server.name : server.machine.machine_name.str();
        session.internal_instance_id = server.service.internal_instance_id;
        session.machine_hash = absl::HashOf(server.machine);
        session.service_hash = absl::HashOf(server.service);
        session.since = turn.now();
        session.pin_version = pin.version;
        session.enrolled_anew = enrolled_anew;
        RETURN_IF_ERROR(dispatcher_.SessionOpened(turn, std::move(session), opening.journal));
        if (opening.service.has_value()) {
          RETURN_IF_ERROR(enrollments_.Looked(turn, server.id, *opening.service));
        }
        return Decision(std::move(grant));
      },
      [done = std::move(done)](absl::StatusOr<Decision> decision) mutable {
        if (!decision.ok()) return done(decision.status());
        if (const Failure* refusal = std::get_if<Failure>(&*decision)) {
          return done(FailureStatus(refusal->code, refusal->detail));
        }
        done(std::get<SessionGrant>(*std::move(decision)));
      });
}

absl::StatusOr<MachineVerdict> PostedWorkerEvents::WeighMachine(Turn& turn,
                                                                const SessionOpening& opening,
                                                                const store::Server& server,
                                                                bool anew) {
  ASSIGN_OR_RETURN(const bool older, moments_.Weigh(turn, opening));
  ASSIGN_OR_RETURN(MachineVerdict verdict, dispatcher_.clones().Weigh(turn, opening, anew, older));
  if (verdict.cloned) {
    ASSIGN_OR_RETURN(const auto machines, turn.store().machines().ListOf(server.id));
    RETURN_IF_ERROR(findings_.Open(turn, server.zone_id, CloneSighting(server, machines)));
  }
  return verdict;
}

void PostedWorkerEvents::SessionReady(SessionId session) {
  control_.PostFirm([this, session](Turn& turn) {
    Session* found = dispatcher_.sessions().Find(session);
    if (found == nullptr) return absl::OkStatus();
    found->ready = true;
    for (CommandId& command : std::exchange(found->to_cancel, {})) {
      turn.AfterCommit(
          [this, session, command = std::move(command)] { workers_.SendCancel(session, command); });
    }
    engine_.ServerReady(found->server_id);
    return PushPin(turn, zones_, *found, workers_);  // What changed since its Welcome was made.
  });
}

void PostedWorkerEvents::SessionEnded(SessionId session) {
  control_.PostFirm(
      [this, session](Turn& turn) { return dispatcher_.SessionEnded(turn, session); });
}

void PostedWorkerEvents::Acknowledged(SessionId session, CommandId command, AttemptId) {
  control_.PostFirm([this, session, command = std::move(command)](Turn& turn) {
    return dispatcher_.Acknowledged(turn, session, command);
  });
}

void PostedWorkerEvents::Started(SessionId session, CommandId command, AttemptId) {
  control_.PostFirm([this, session, command = std::move(command)](Turn& turn) {
    return dispatcher_.Started(turn, session, command);
  });
}

void PostedWorkerEvents::Finished(SessionId session, CommandReport report) {
  control_.PostFirm([this, session, report = std::move(report)](Turn& turn) -> absl::Status {
    Session* found = dispatcher_.sessions().Find(session);
    if (found != nullptr && report.problems.has_value()) {
      RETURN_IF_ERROR(NoteProblems(turn, found->server_id, *report.problems));
    }
    if (dispatcher_.looks().Answered(turn, session, report)) {
      RETURN_IF_ERROR(KeepFacts(turn, *found, report.machine, report.service));
      return enrollments_.Looked(turn, found->server_id, *report.service);
    }
    return dispatcher_.Finished(turn, session, report);
  });
}

void PostedWorkerEvents::PinHeld(SessionId session, ZonePin held, std::string problem) {
  control_.PostFirm([this, session, held = std::move(held),
                     problem = std::move(problem)](Turn& turn) -> absl::Status {
    const Session* found = dispatcher_.sessions().Find(session);
    if (found == nullptr) return absl::OkStatus();
    return NoteHeldPin(turn, zones_, *found, held, problem);
  });
}

void PostedWorkerEvents::ClockSeen(SessionId session, absl::Duration offset) {
  control_.PostFirm([this, session, offset](Turn& turn) {
    const Session* found = dispatcher_.sessions().Find(session);
    return found == nullptr ? absl::OkStatus() : NoteClock(turn, found->server_id, offset);
  });
}

void PostedWorkerEvents::Facts(SessionId session, store::ServiceFacts service,
                               std::vector<Failure> problems) {
  control_.PostFirm([this, session, service = std::move(service),
                     problems = std::move(problems)](Turn& turn) -> absl::Status {
    Session* found = dispatcher_.sessions().Find(session);
    if (found == nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(NoteProblems(turn, found->server_id, problems));
    RETURN_IF_ERROR(KeepFacts(turn, *found, std::nullopt, service));
    return enrollments_.Looked(turn, found->server_id, service);
  });
}

}  // namespace muster::core
