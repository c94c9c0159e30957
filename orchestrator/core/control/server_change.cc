#include "orchestrator/core/control/server_change.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/foreign_text.h"
#include "base/status_macros.h"

namespace muster::core {

using store::ToString;

std::string WorkerActor(const ServerId& server) { return absl::StrCat("worker:", server.value()); }

ServerChange::ServerChange(Turn& turn, absl::string_view actor, absl::string_view action,
                           const ServerId& server, const ZoneId& zone)
    : turn_(turn),
      actor_(actor.data(), actor.size()),
      action_(action.data(), action.size()),
      server_(server),
      zone_(zone),
      tenant_(TenantOf(zone)) {
  turn_.Concerns(server_);
}

void ServerChange::Note(absl::string_view text) {
  absl::StrAppend(&detail_, detail_.empty() ? "" : "; ", text);
}

void ServerChange::Moved(absl::string_view what, absl::string_view from, absl::string_view to) {
  absl::StrAppend(&detail_, detail_.empty() ? "" : "; ", what, ": ", from, " → ", to);
}

absl::Status ServerChange::Insert(const store::Server& server) {
  RETURN_IF_ERROR(turn_.store().servers().Insert(server));
  Moved("admission", "new", ToString(server.admission));
  Moved("enrollment", "new", ToString(server.enrollment));
  return absl::OkStatus();
}

// Of a decision that tokens from before do not get around: never before one that was made until
// now, though the clock was set back since.
absl::StatusOr<absl::Time> ServerChange::DecisionTime(store::Admission to) {
  absl::Time time = turn_.now();
  if (to != store::Admission::kEvicted && to != store::Admission::kRejected) return time;
  ASSIGN_OR_RETURN(const auto tokens,
                   turn_.store().tokens().List(store::TenantWall::Of({tenant_}), zone_));
  if (!tokens.empty()) time = std::max(time, tokens.front().create_time);  // Newest first.
  return time;
}

absl::Status ServerChange::Admission(store::Admission from, store::Admission to) {
  ASSIGN_OR_RETURN(const absl::Time time, DecisionTime(to));
  RETURN_IF_ERROR(turn_.store().servers().MoveAdmission(server_, from, to));
  RETURN_IF_ERROR(turn_.store().servers().SetAdmissionTime(server_, time));
  Moved("admission", ToString(from), ToString(to));
  return absl::OkStatus();
}

absl::Status ServerChange::Enrollment(store::Enrollment from, store::Enrollment to,
                                      const std::optional<Failure>& failure) {
  RETURN_IF_ERROR(turn_.store().servers().MoveEnrollment(server_, from, to, failure));
  Moved("enrollment", ToString(from), ToString(to));
  if (failure.has_value()) absl::StrAppend(&detail_, " (", TextOf(failure->code), ")");
  return absl::OkStatus();
}

absl::Status ServerChange::Target(const store::Target& target, store::TargetState from,
                                  std::optional<store::TargetState> untold) {
  RETURN_IF_ERROR(turn_.store().rollouts().UpdateTarget(target, from));
  Moved(
      absl::StrCat("target ", target.rollout_id.value()),
      untold.has_value() ? absl::StrCat(ToString(*untold), " → ", ToString(from)) : ToString(from),
      ToString(target.state));
  return absl::OkStatus();
}

absl::Status ServerChange::InsertAttempt(const store::Attempt& attempt,
                                         std::optional<store::AttemptState> from) {
  RETURN_IF_ERROR(turn_.store().attempts().Insert(attempt));
  AttemptMoved(attempt, from.has_value() ? absl::StrCat("new → ", ToString(*from)) : "new");
  return absl::OkStatus();
}

absl::Status ServerChange::Attempt(const store::Attempt& attempt, store::AttemptState from) {
  RETURN_IF_ERROR(turn_.store().attempts().Update(attempt, from));
  AttemptMoved(attempt, ToString(from));
  return absl::OkStatus();
}

void ServerChange::AttemptMoved(const store::Attempt& attempt, absl::string_view from) {
  Moved(absl::StrCat("attempt ", attempt.id.value()), from, ToString(attempt.state));
  if (attempt.failure.has_value()) {
    absl::StrAppend(&detail_, " (", TextOf(attempt.failure->code), ")");
  }
}

absl::Status ServerChange::InsertCertificate(const store::WorkerCertificate& certificate) {
  RETURN_IF_ERROR(turn_.store().certificates().Insert(certificate));
  Moved(absl::StrCat("certificate ", certificate.id.value()), "new", ToString(certificate.state));
  return absl::OkStatus();
}

absl::Status ServerChange::Certificate(const CertificateId& id, store::CertificateState from,
                                       store::CertificateState to) {
  RETURN_IF_ERROR(turn_.store().certificates().SetState(id, from, to));
  Moved(absl::StrCat("certificate ", id.value()), ToString(from), ToString(to));
  return absl::OkStatus();
}

absl::Status ServerChange::Record() {
  return Audit(turn_, actor_, action_, server_.value(), tenant_, detail_);
}

// What is said of a change may hold what others said of themselves: whatever it is, it is one
// visible line when it is on record for good.
absl::Status Audit(Turn& turn, absl::string_view actor, absl::string_view action,
                   absl::string_view subject, const TenantId& tenant, absl::string_view detail) {
  constexpr size_t kMostDetail = 8 << 10;
  store::AuditEvent event;
  event.time = turn.now();
  event.actor = std::string(actor.data(), actor.size());
  event.action = std::string(action.data(), action.size());
  event.subject = std::string(subject.data(), subject.size());
  event.tenant_id = tenant;
  event.detail = ForeignText(detail, kMostDetail).str();
  return turn.store().audit().Append(event);
}

absl::Status MoveRollout(Turn& turn, absl::string_view actor, store::Rollout& rollout,
                         store::RolloutState to, absl::string_view reason) {
  turn.Concerns(rollout.id);
  std::optional<absl::Time> finish;
  if (IsFinal(to)) finish = turn.now();
  RETURN_IF_ERROR(turn.store().rollouts().Move(rollout.id, rollout.state, to, reason, finish));
  RETURN_IF_ERROR(
      Audit(turn, actor, "rollout.state", rollout.id.value(), rollout.tenant_id,
            absl::StrCat(ToString(rollout.state), " → ", ToString(to), reason.empty() ? "" : " (",
                         reason, reason.empty() ? "" : ")")));
  rollout.state = to;
  rollout.reason = std::string(reason.data(), reason.size());
  rollout.finish_time = finish;
  return absl::OkStatus();
}

}  // namespace muster::core
