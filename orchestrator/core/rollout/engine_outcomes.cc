// What becomes of attempts and claims: the moves of server and target that follow. See engine.h.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/dispatch/session_facts.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/rollout/policies.h"

namespace muster::core {

using store::CommandKind;
using store::Enrollment;
using store::TargetState;

// The ids that the worker reported, else those that it showed when it connected.
store::Claim RolloutEngine::MakeClaim(Turn& turn, const OpenAttempt& open,
                                      const CommandReport* report) {
  store::Claim claim;
  // The command's first delivery: an earlier copy may be the one that joined.
  claim.join_start_time = open.command.create_time;
  claim.verify_deadline = turn.now() + options_.verify.verify_deadline;
  if (const Session* session = dispatcher_.sessions().FindOf(open.attempt.server_id)) {
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
  return claim;
}

absl::Status RolloutEngine::OnDoubt(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                    const CommandReport* report) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
    if (from == Enrollment::kJoining) {
      RETURN_IF_ERROR(MoveServer(change, server, from, Enrollment::kInDoubt, open.attempt.failure));
    }
    store::Claim claim = MakeClaim(turn, open, report);
    // The service may still be at it, whatever became of the worker: no absence before its limit.
    claim.verify_deadline = std::max(turn.now(), open.attempt.sent_time.value_or(turn.now()) +
                                                     options_.dispatch.join_timeout) +
                            options_.verify.verify_deadline;
    if (claim.machine_name.empty()) {  // Away: what it showed last.
      ASSIGN_OR_RETURN(const std::optional<store::Server> row, turn.store().servers().Find(server));
      if (row.has_value()) {
        claim.machine_name =
            row->machine.machine_name.empty() ? row->name : row->machine.machine_name;
        claim.internal_instance_id = row->service.internal_instance_id;
      }
    }
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, claim));
    RETURN_IF_ERROR(verifier_.Await(
        turn, {server, open.command.zone_id, std::move(claim), true, report != nullptr}));
  }
  Entry* entry = EntryIn(open.attempt.rollout_id, server);
  if (entry == nullptr || entry->target.state != TargetState::kInFlight) return absl::OkStatus();
  return MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kInDoubt,
                    open.attempt.failure);
}

absl::Status RolloutEngine::OnResumed(Turn& turn, ServerChange& change, const OpenAttempt& open) {
  const ServerId& server = open.attempt.server_id;
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
    if (from == Enrollment::kInDoubt) {
      RETURN_IF_ERROR(MoveServer(change, server, from, Enrollment::kJoining, std::nullopt));
    }
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, std::nullopt));
    verifier_.Forget(server);
  }
  Entry* entry = EntryIn(open.attempt.rollout_id, server);
  if (entry == nullptr || entry->target.state != TargetState::kInDoubt) return absl::OkStatus();
  return MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kInFlight, std::nullopt);
}

absl::Status RolloutEngine::OnNeverArrived(Turn& turn, ServerChange& change,
                                           const OpenAttempt& open) {
  const ServerId& server = open.attempt.server_id;
  reconsider_.push_back(server);
  Entry* entry = EntryIn(open.attempt.rollout_id, server);
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
    if (from == Enrollment::kInDoubt) {
      RETURN_IF_ERROR(MoveServer(change, server, from,
                                 entry != nullptr ? Enrollment::kQueued : Enrollment::kNotEnrolled,
                                 std::nullopt));
    }
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server, std::nullopt));
    verifier_.Forget(server);
  }
  if (entry == nullptr || entry->target.state != TargetState::kInDoubt) return absl::OkStatus();
  return MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kWaiting, std::nullopt);
}

absl::Status RolloutEngine::OnFinished(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                       const CommandReport& report) {
  const ServerId& server = open.attempt.server_id;
  reconsider_.push_back(server);
  if (Session* session = dispatcher_.sessions().FindOf(server); session != nullptr) {
    RETURN_IF_ERROR(KeepFacts(turn, *session, report.machine, report.service));
  }
  if (!open.attempt.failure.has_value()) return OnClaim(turn, change, open, report);
  return OnFailure(turn, change, open, *open.attempt.failure);
}

absl::Status RolloutEngine::OnClaim(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                    const CommandReport& report) {
  const ServerId& server = open.attempt.server_id;
  Entry* entry = EntryIn(open.attempt.rollout_id, server);
  const bool mine = entry != nullptr && entry->target.state == TargetState::kInFlight;
  if (open.command.kind == CommandKind::kProbe) {  // Its facts are all that was asked for.
    if (!mine) return absl::OkStatus();
    return MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kSucceeded, std::nullopt);
  }
  ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
  if (from != Enrollment::kJoining) return absl::OkStatus();
  RETURN_IF_ERROR(MoveServer(change, server, from, Enrollment::kJoinedUnverified, std::nullopt));
  store::Claim claim = MakeClaim(turn, open, &report);
  RETURN_IF_ERROR(turn.store().servers().SetClaim(server, claim));
  RETURN_IF_ERROR(
      verifier_.Await(turn, {server, open.command.zone_id, std::move(claim), false, true}));
  if (!mine) return absl::OkStatus();
  return MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kVerifying, std::nullopt);
}

absl::Status RolloutEngine::OnFailure(Turn& turn, ServerChange& change, const OpenAttempt& open,
                                      const Failure& failure) {
  const ServerId& server = open.attempt.server_id;
  if (IsRateLimit(failure)) {
    ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, open.command.zone_id));
    const Session* session = dispatcher_.sessions().FindOf(server);
    if (zone != nullptr && session != nullptr) {
      pacing_.OnRefused(zone->zone.hub_url, session->address, turn.now());
    }
  }
  Enrollment from = Enrollment::kNotEnrolled;  // Of no interest to probes.
  if (open.command.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(from, EnrollmentOf(turn, server));
  }
  return RetryOrFail(turn, change, open.attempt.rollout_id, server, from, failure);
}

absl::Status RolloutEngine::RetryOrFail(Turn& turn, ServerChange& change, const RolloutId& rollout,
                                        const ServerId& server, Enrollment from,
                                        const Failure& failure) {
  Entry* entry = EntryIn(rollout, server);
  std::optional<absl::Duration> delay;
  if (entry != nullptr && !RunOf(server)->ending()) {
    delay = RetryDelay(options_.retry, failure, entry->target.attempts, random_);
  }
  if (from == Enrollment::kJoining || from == Enrollment::kInDoubt) {
    RETURN_IF_ERROR(MoveServer(change, server, from,
                               delay.has_value() ? Enrollment::kQueued : Enrollment::kFailed,
                               failure));
  }
  if (entry == nullptr || (entry->target.state != TargetState::kInFlight &&
                           entry->target.state != TargetState::kInDoubt)) {
    return absl::OkStatus();
  }
  Run& run = *RunOf(server);
  if (!delay.has_value()) {
    return MoveTarget(turn, change, run, *entry, TargetState::kFailed, failure);
  }
  entry->target.next_try_time = turn.now() + *delay;
  OfferAt(server, *entry->target.next_try_time);
  return MoveTarget(turn, change, run, *entry, TargetState::kWaiting, failure);
}

absl::Status RolloutEngine::OnProven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                     const store::HubProof& proof) {
  ServerChange change(turn, kSystemActor, "server.verified", server, zone);
  change.Note(absl::StrCat("hub record ", proof.hub_instance_id.value(), " by ",
                           store::ToString(proof.match)));
  ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, "the hub's list has it"));
  RETURN_IF_ERROR(MoveServer(change, server, from, Enrollment::kEnrolled, std::nullopt));
  RETURN_IF_ERROR(turn.store().servers().SetProof(server, proof));
  reconsider_.push_back(server);
  ASSIGN_OR_RETURN(const ZoneEntry* entry_zone, zones_.Find(turn, zone));
  const Session* session = dispatcher_.sessions().FindOf(server);
  if (entry_zone != nullptr && session != nullptr) {
    pacing_.OnSuccess(entry_zone->zone.hub_url, session->address, turn.now());
  }
  Entry* entry = EntryOf(server);
  if (entry != nullptr && RunOf(server)->rollout.kind == CommandKind::kJoin &&
      entry->target.state != TargetState::kInFlight) {
    RETURN_IF_ERROR(
        MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kSucceeded, std::nullopt));
  }
  return change.Record();
}

absl::Status RolloutEngine::OnUnproven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                       const Failure& failure) {
  ServerChange change(turn, kSystemActor, "server.unproven", server, zone);
  change.Note(failure.detail);
  ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, TextOf(failure.code)));
  RETURN_IF_ERROR(MoveServer(change, server, from, Enrollment::kFailed, failure));
  reconsider_.push_back(server);
  Entry* entry = EntryOf(server);
  if (entry != nullptr && (entry->target.state == TargetState::kVerifying ||
                           entry->target.state == TargetState::kInDoubt)) {
    RETURN_IF_ERROR(
        MoveTarget(turn, change, *RunOf(server), *entry, TargetState::kFailed, failure));
  }
  return change.Record();
}

absl::Status RolloutEngine::OnAbsent(Turn& turn, const ServerId& server, const ZoneId& zone) {
  const OpenAttempt* open = dispatcher_.FindOpen(server);
  const RolloutId rollout = open != nullptr ? open->attempt.rollout_id : RolloutId();
  const Failure failure =
      open != nullptr && open->attempt.failure.has_value()
          ? *open->attempt.failure
          : Failure{FailureCode::kJoinAnswerLost, "the hub has no record of the server"};
  ServerChange change(turn, kSystemActor, "server.absent", server, zone);
  ASSIGN_OR_RETURN(const Enrollment from, EnrollmentOf(turn, server));
  RETURN_IF_ERROR(dispatcher_.Settle(turn, change, server, "the hub's list does not have it"));
  reconsider_.push_back(server);
  RETURN_IF_ERROR(RetryOrFail(turn, change, rollout, server, from, failure));
  return change.Record();
}

}  // namespace muster::core
