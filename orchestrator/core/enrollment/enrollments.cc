#include "orchestrator/core/enrollment/enrollments.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/dispatch/session_facts.h"
#include "orchestrator/core/inventory/enrollment_reset.h"

namespace muster::core {

using store::CommandKind;
using store::Enrollment;
using What = EnrollmentEvent::What;

bool MayQueue(Enrollment enrollment) {
  return enrollment == Enrollment::kNotEnrolled || enrollment == Enrollment::kFailed ||
         enrollment == Enrollment::kDegraded;
}

Enrollments::Enrollments(const CoreOptions& options, TurnControl& control, Dispatcher& dispatcher,
                         Verifier& verifier)
    : options_(options), control_(control), dispatcher_(dispatcher), verifier_(verifier) {
  dispatcher_.SetListener(this);
  verifier_.SetListener(this);
}

absl::Status Enrollments::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(const std::vector<ZoneId> zones, turn.store().servers().ListUnprovenZones());
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const std::vector<store::Server> servers,
                     turn.store().servers().ListUnproven(zone));
    for (const store::Server& server : servers) {
      RETURN_IF_ERROR(AwaitAgain(turn, server));
    }
  }
  turn.AfterCommit([this] {
    control_.Post([this](Turn& next) { return verifier_.LoadOwners(next, ""); }, nullptr);
  });
  return absl::OkStatus();
}

absl::Status Enrollments::AwaitAgain(Turn& turn, const store::Server& server) {
  // Who was in flight at the crash is in doubt since this very turn, and waits already.
  if (verifier_.Find(server.id) != nullptr || !server.claim.has_value()) return absl::OkStatus();
  const OpenAttempt* open = dispatcher_.FindOpen(server.id);
  AwaitedProof proof;
  proof.server_id = server.id;
  proof.zone_id = server.zone_id;
  proof.claim = *server.claim;
  proof.recovered = true;
  // It began before now: a date that lies ahead is of a clock that was set back since.
  if (proof.claim.join_start_time > turn.now()) {
    const absl::Duration ahead = proof.claim.join_start_time - turn.now();
    proof.claim.join_start_time -= ahead;
    proof.claim.verify_deadline -= ahead;
  }
  proof.doubt = server.enrollment == Enrollment::kInDoubt;
  // Doubt without an open attempt has nothing that could still run.
  proof.answered = open == nullptr || open->answered;
  if (open != nullptr) proof.quiet = QuietFrom(turn, *open, nullptr);
  return verifier_.Await(turn, std::move(proof));
}

absl::Status Enrollments::Reload(Turn& turn, const ServerId& server) {
  Forget(server);
  verifier_.Forget(server);
  ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
  if (!row.has_value() || (row->enrollment != Enrollment::kInDoubt &&
                           row->enrollment != Enrollment::kJoinedUnverified)) {
    return absl::OkStatus();
  }
  return AwaitAgain(turn, *row);
}

absl::StatusOr<Enrollment> Enrollments::StateOf(Turn& turn, const ServerId& server) {
  if (const auto it = states_.find(server); it != states_.end()) return it->second;
  ASSIGN_OR_RETURN(const std::optional<store::Server> found, turn.store().servers().Find(server));
  if (!found.has_value()) return absl::NotFoundError(absl::StrCat("no server ", server.value()));
  states_[server] = found->enrollment;
  return found->enrollment;
}

absl::Status Enrollments::Move(ServerChange& change, const ServerId& server, Enrollment from,
                               Enrollment to, const std::optional<Failure>& failure) {
  RETURN_IF_ERROR(change.Enrollment(from, to, failure));
  if (const auto it = states_.find(server); it != states_.end()) it->second = to;
  return absl::OkStatus();
}

absl::Status Enrollments::Tell(Turn& turn, ServerChange& change, const OpenAttempt& open,
                               What what) {
  EnrollmentEvent event;
  event.what = what;
  event.server = open.attempt.server_id;
  event.zone = open.command.zone_id;
  event.rollout = open.attempt.rollout_id;
  event.failure = open.attempt.failure;
  event.answered = open.answered;
  return listener_->OnEnrollment(turn, change, event);
}

// ---- the way to a join ----

absl::StatusOr<bool> Enrollments::Queue(Turn& turn, ServerChange& change, const ServerId& server,
                                        bool force) {
  ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
  if (from == Enrollment::kQueued) return true;
  if (!MayQueue(from) && !(force && from == Enrollment::kEnrolled)) return false;
  RETURN_IF_ERROR(Move(change, server, from, Enrollment::kQueued, std::nullopt));
  return true;
}

absl::Status Enrollments::Begin(ServerChange& change, const ServerId& server) {
  return Move(change, server, Enrollment::kQueued, Enrollment::kJoining, std::nullopt);
}

absl::Status Enrollments::Refuse(ServerChange& change, const ServerId& server, const Failure& why) {
  return Move(change, server, Enrollment::kQueued, Enrollment::kFailed, why);
}

absl::Status Enrollments::GiveUp(Turn& turn, ServerChange& change, const ServerId& server,
                                 bool tried, const std::optional<Failure>& why) {
  ASSIGN_OR_RETURN(Enrollment state, StateOf(turn, server));
  if (state == Enrollment::kNotEnrolled && why.has_value()) {
    // Queued for a moment: its reason is on record then.
    RETURN_IF_ERROR(Move(change, server, state, Enrollment::kQueued, std::nullopt));
    state = Enrollment::kQueued;
  }
  if (state != Enrollment::kQueued) return absl::OkStatus();
  return Move(change, server, state, tried ? Enrollment::kFailed : Enrollment::kNotEnrolled, why);
}

// ---- claims ----

absl::Status Enrollments::DropClaim(Turn& turn, const ServerId& server) {
  verifier_.Forget(server);
  return turn.store().servers().SetClaim(server, std::nullopt);
}

// The ids that the worker reported, else those that it showed when it connected, else those that
// are on record.
absl::StatusOr<store::Claim> Enrollments::MakeClaim(Turn& turn, const OpenAttempt& open,
                                                    const CommandReport* report) {
  const ServerId& server = open.attempt.server_id;
  store::Claim claim;
  // The command's first delivery: an earlier copy may be the one that joined.
  claim.join_start_time = std::min(open.command.create_time, turn.now());
  claim.verify_deadline = turn.now() + options_.verify.verify_deadline;
  if (const Session* session = dispatcher_.sessions().FindOf(server)) {
    claim.machine_name = session->machine_name;
    claim.internal_instance_id = session->internal_instance_id;
  }
  if (report != nullptr && report->service.has_value()) {
    claim.hub_instance_id = report->service->hub_instance_id;
    if (!report->service->internal_instance_id.empty()) {
      claim.internal_instance_id = report->service->internal_instance_id;
    }
  }
  if (report != nullptr && report->machine.has_value() && !report->machine->machine_name.empty()) {
    claim.machine_name = report->machine->machine_name;
  }
  if (!claim.machine_name.empty()) return claim;
  ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
  if (row.has_value()) {
    claim.machine_name =
        row->machine.machine_name.empty() ? row->name : row->machine.machine_name.str();
    claim.internal_instance_id = row->service.internal_instance_id;
  }
  return claim;
}

// A service goes on with a join though its worker gave up waiting or was restarted; only an answer
// that broke off early shows that the service itself is gone from it.
absl::Time Enrollments::QuietFrom(Turn& turn, const OpenAttempt& open,
                                  const CommandReport* report) const {
  const absl::Time sent =
      std::min(open.attempt.sent_time.value_or(open.attempt.create_time), turn.now());
  const absl::Time soon = turn.now() + options_.verify.absence_after;
  const bool broke_off = report != nullptr && report->failure.has_value() &&
                         report->failure->code == FailureCode::kJoinAnswerLost &&
                         turn.now() < sent + options_.dispatch.worker_join_limit;
  return broke_off ? soon : std::max(soon, sent + options_.verify.service_join_limit);
}

absl::Status Enrollments::Looked(Turn& turn, const ServerId& server,
                                 const store::ServiceFacts& service) {
  return verifier_.Looked(turn, server, service);
}

absl::StatusOr<store::Server> Enrollments::Settle(Turn& turn, const Actor& actor, store::Server row,
                                                  const Settlement& settlement) {
  const ServerId server = row.id;
  if (row.enrollment != Enrollment::kInDoubt) {
    return FailureStatus(FailureCode::kRequestState,
                         absl::StrCat("server ", row.name, " is ", store::ToString(row.enrollment),
                                      ", not in doubt: nothing to settle"));
  }
  const OpenAttempt* open = dispatcher_.FindOpen(server);
  EnrollmentEvent event;
  event.server = server;
  event.zone = row.zone_id;
  if (open != nullptr) event.rollout = open->attempt.rollout_id;
  ServerChange change(turn, actor.name, "server.settle", server, row.zone_id);
  if (!settlement.reason.empty()) change.Note(settlement.reason);
  if (!settlement.joined) {
    const Failure failure{FailureCode::kJoinAnswerLost, "an operator says that it is not joined"};
    RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, kSettledAbsent));
    RETURN_IF_ERROR(DropClaim(turn, server));
    RETURN_IF_ERROR(RetryOrFail(turn, change, event.rollout, server, row.zone_id,
                                Enrollment::kInDoubt, failure));
  } else {
    AwaitedProof proof;
    proof.server_id = server;
    proof.zone_id = row.zone_id;
    if (row.claim.has_value()) proof.claim = *row.claim;
    if (proof.claim.hub_instance_id.empty()) {
      proof.claim.hub_instance_id = row.service.hub_instance_id;
    }
    proof.claim.verify_deadline = turn.now() + options_.verify.verify_deadline;
    RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, kSettledJoined));
    RETURN_IF_ERROR(
        Move(change, server, Enrollment::kInDoubt, Enrollment::kJoinedUnverified, std::nullopt));
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, proof.claim));
    RETURN_IF_ERROR(verifier_.Await(turn, std::move(proof)));
    event.what = What::kClaimed;
    RETURN_IF_ERROR(listener_->OnEnrollment(turn, change, event));
  }
  RETURN_IF_ERROR(change.Record());
  ASSIGN_OR_RETURN(std::optional<store::Server> after, turn.store().servers().Find(server));
  return after.has_value() ? *std::move(after) : std::move(row);
}

// Claim and proof go, and an enrolled server is enrolled no more.
absl::Status Enrollments::Reset(Turn& turn, ServerChange& change, const store::Server& row,
                                const Failure& why) {
  RETURN_IF_ERROR(ResetEnrollment(turn, change, row, why));
  if (const auto it = states_.find(row.id);
      it != states_.end() && it->second == Enrollment::kEnrolled) {
    it->second = Enrollment::kDegraded;
  }
  return absl::OkStatus();
}

absl::Status Enrollments::GiveBack(Turn& turn, const Actor& actor, const ServerId& server,
                                   const std::string& why) {
  verifier_.Disown(server);
  ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
  if (!row.has_value() || (!row->claim.has_value() && !row->proof.has_value())) {
    return absl::OkStatus();
  }
  ServerChange change(turn, actor.name, "server.release", server, row->zone_id);
  change.Note(why);
  if (row->enrollment == Enrollment::kInDoubt) {
    if (!row->claim.has_value()) return absl::OkStatus();
    store::Claim claim = *row->claim;
    claim.hub_instance_id = HubInstanceId();
    claim.internal_instance_id.clear();
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, claim));
    return change.Record();
  }
  const Failure failure{FailureCode::kVerifyReleased, why};
  RETURN_IF_ERROR(Reset(turn, change, *row, failure));
  if (row->enrollment == Enrollment::kJoinedUnverified) {
    verifier_.Forget(server);
    RETURN_IF_ERROR(
        Move(change, server, Enrollment::kJoinedUnverified, Enrollment::kFailed, failure));
    EnrollmentEvent event;
    event.what = What::kFailed;
    event.server = server;
    event.zone = row->zone_id;
    event.failure = failure;
    event.unproven = true;
    RETURN_IF_ERROR(listener_->OnEnrollment(turn, change, event));
  }
  return change.Record();
}

absl::Status Enrollments::TakenOut(Turn& turn, const Actor& actor, const ServerId& server) {
  ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
  if (!row.has_value() || (row->enrollment != Enrollment::kInDoubt &&
                           row->enrollment != Enrollment::kJoinedUnverified)) {
    return absl::OkStatus();
  }
  ServerChange change(turn, actor.name, "server.unproven", server, row->zone_id);
  change.Note(kSettledTakenOut);
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, kSettledTakenOut));
  RETURN_IF_ERROR(DropClaim(turn, server));
  RETURN_IF_ERROR(Move(change, server, row->enrollment, Enrollment::kFailed,
                       Failure{FailureCode::kInventoryRetired,
                               absl::StrCat("it was ", store::ToString(row->enrollment))}));
  return change.Record();
}

// ---- AttemptListener ----

absl::Status Enrollments::OnDoubt(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                  const CommandReport* report) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
    if (from == Enrollment::kJoining) {
      RETURN_IF_ERROR(Move(change, server, from, Enrollment::kInDoubt, open.attempt.failure));
    }
    AwaitedProof proof;
    proof.server_id = server;
    proof.zone_id = open.command.zone_id;
    proof.doubt = true;
    proof.answered = report != nullptr;
    proof.recovered = open.recovered;
    proof.quiet = QuietFrom(turn, open, report);
    ASSIGN_OR_RETURN(proof.claim, MakeClaim(turn, open, report));
    // The service may still be at it, whatever became of the worker: no verdict before its limit.
    const absl::Time sent = std::min(open.attempt.sent_time.value_or(turn.now()), turn.now());
    proof.claim.verify_deadline = std::max(turn.now(), sent + options_.dispatch.join_timeout) +
                                  options_.verify.verify_deadline;
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, proof.claim));
    RETURN_IF_ERROR(verifier_.Await(turn, std::move(proof)));
    if (report != nullptr && report->service.has_value()) {
      RETURN_IF_ERROR(Looked(turn, server, *report->service));
    }
  }
  return Tell(turn, change, open, What::kDoubt);
}

absl::Status Enrollments::OnResumed(Turn& turn, ServerChange& change, const OpenAttempt& open) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
    if (from == Enrollment::kInDoubt) {
      RETURN_IF_ERROR(Move(change, server, from, Enrollment::kJoining, std::nullopt));
    }
    RETURN_IF_ERROR(DropClaim(turn, server));
  }
  return Tell(turn, change, open, What::kResumed);
}

absl::Status Enrollments::OnNeverArrived(Turn& turn, ServerChange& change,
                                         const OpenAttempt& open) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
    if (from == Enrollment::kInDoubt) {
      const bool wanted = listener_->Wants(open.attempt.rollout_id, server);
      RETURN_IF_ERROR(Move(change, server, from,
                           wanted ? Enrollment::kQueued : Enrollment::kNotEnrolled, std::nullopt));
    }
    RETURN_IF_ERROR(DropClaim(turn, server));
  }
  return Tell(turn, change, open, What::kNeverArrived);
}

absl::Status Enrollments::OnFinished(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                     const CommandReport& report) {
  const ServerId& server = open.attempt.server_id;
  if (Session* session = dispatcher_.sessions().FindOf(server); session != nullptr) {
    RETURN_IF_ERROR(KeepFacts(turn, *session, report.machine, report.service));
  }
  if (!open.attempt.failure.has_value()) return OnClaim(turn, change, open, report);
  Enrollment from = Enrollment::kNotEnrolled;  // Of no interest to probes.
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(from, StateOf(turn, server));
  }
  return RetryOrFail(turn, change, open.attempt.rollout_id, server, open.command.zone_id, from,
                     *open.attempt.failure);
}

absl::Status Enrollments::OnClaim(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                  const CommandReport& report) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kProbe) {  // Its facts are all that was asked for.
    return Tell(turn, change, open, What::kAnswered);
  }
  ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
  if (from != Enrollment::kJoining) return absl::OkStatus();
  RETURN_IF_ERROR(Move(change, server, from, Enrollment::kJoinedUnverified, std::nullopt));
  AwaitedProof proof;
  proof.server_id = server;
  proof.zone_id = open.command.zone_id;
  proof.recovered = open.recovered;
  ASSIGN_OR_RETURN(proof.claim, MakeClaim(turn, open, &report));
  RETURN_IF_ERROR(turn.store().servers().SetClaim(server, proof.claim));
  RETURN_IF_ERROR(verifier_.Await(turn, std::move(proof)));
  return Tell(turn, change, open, What::kClaimed);
}

absl::Status Enrollments::RetryOrFail(Turn& turn, ServerChange& change, const RolloutId& rollout,
                                      const ServerId& server, const ZoneId& zone, Enrollment from,
                                      const Failure& failure) {
  EnrollmentEvent event;
  event.what = What::kFailed;
  event.server = server;
  event.zone = zone;
  event.rollout = rollout;
  event.failure = failure;
  event.retry = listener_->RetryAfter(rollout, server, failure);
  if (from == Enrollment::kJoining || from == Enrollment::kInDoubt) {
    RETURN_IF_ERROR(Move(change, server, from,
                         event.retry.has_value() ? Enrollment::kQueued : Enrollment::kFailed,
                         failure));
  }
  return listener_->OnEnrollment(turn, change, event);
}

// ---- ProofListener ----

absl::Status Enrollments::OnProven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                   const store::HubProof& proof) {
  ServerChange change(turn, kSystemActor, "server.verified", server, zone);
  // What the hub answered, so that the log alone tells it later.
  change.Note(absl::StrCat(
      "hub record ", proof.hub_instance_id.value(), " by ", store::ToString(proof.match),
      ", titled ", proof.title.empty() ? "nothing" : proof.title.str(), ", of service ",
      proof.internal_instance_id.empty() ? "unknown" : proof.internal_instance_id.str(),
      ", last reported ", UtcText(proof.reported_time)));
  ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, kSettledByProof));
  RETURN_IF_ERROR(Move(change, server, from, Enrollment::kEnrolled, std::nullopt));
  RETURN_IF_ERROR(turn.store().servers().SetProof(server, proof));
  EnrollmentEvent event;
  event.what = What::kProven;
  event.server = server;
  event.zone = zone;
  RETURN_IF_ERROR(listener_->OnEnrollment(turn, change, event));
  return change.Record();
}

absl::Status Enrollments::OnTakenBack(Turn& turn, const ServerId& server, const Failure& why) {
  ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
  if (!row.has_value()) return absl::OkStatus();
  ServerChange change(turn, kSystemActor, "server.taken_back", server, row->zone_id);
  change.Note(why.detail);
  RETURN_IF_ERROR(Reset(turn, change, *row, why));
  return change.Record();
}

absl::Status Enrollments::OnDegraded(Turn& turn, const ServerId& server, const ZoneId& zone,
                                     const Failure& why) {
  ServerChange change(turn, kSystemActor, "server.degraded", server, zone);
  change.Note(absl::StrCat(TextOf(why.code), ": ", why.detail));
  RETURN_IF_ERROR(Move(change, server, Enrollment::kEnrolled, Enrollment::kDegraded, why));
  return change.Record();
}

absl::Status Enrollments::OnUnproven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                     const Failure& failure) {
  ServerChange change(turn, kSystemActor, "server.unproven", server, zone);
  change.Note(failure.detail);
  ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, TextOf(failure.code)));
  RETURN_IF_ERROR(Move(change, server, from, Enrollment::kFailed, failure));
  EnrollmentEvent event;
  event.what = What::kFailed;
  event.server = server;
  event.zone = zone;
  event.failure = failure;
  event.unproven = true;
  RETURN_IF_ERROR(listener_->OnEnrollment(turn, change, event));
  return change.Record();
}

absl::Status Enrollments::OnAbsent(Turn& turn, const ServerId& server, const ZoneId& zone) {
  const OpenAttempt* open = dispatcher_.FindOpen(server);
  const RolloutId rollout = open != nullptr ? open->attempt.rollout_id : RolloutId();
  const Failure failure =
      open != nullptr && open->attempt.failure.has_value()
          ? *open->attempt.failure
          : Failure{FailureCode::kJoinAnswerLost, "the hub has no record of the server"};
  ServerChange change(turn, kSystemActor, "server.absent", server, zone);
  ASSIGN_OR_RETURN(const Enrollment from, StateOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, "the hub's list does not have it"));
  RETURN_IF_ERROR(RetryOrFail(turn, change, rollout, server, zone, from, failure));
  return change.Record();
}

}  // namespace muster::core
