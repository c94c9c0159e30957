// What memory holds of rollouts and targets, read anew from the store: at the start, and after a
// failure against expectation has been undone. See engine.h.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "orchestrator/core/control/failure_kind.h"
#include "orchestrator/core/rollout/engine.h"

namespace muster::core {
namespace {

using store::CommandKind;
using store::RolloutState;
using store::TargetState;

constexpr absl::Duration kCarefulFor = absl::Hours(1);
// What failed with a server may fail again: not with each turn.
constexpr absl::Duration kCalm = absl::Minutes(2);

// The last move of a rollout that is being canceled: restarts do not prolong its end.
absl::StatusOr<absl::Time> CanceledAt(Turn& turn, const RolloutId& rollout) {
  ASSIGN_OR_RETURN(
      const std::vector<store::AuditEvent> events,
      turn.store().audit().List(store::TenantWall::Everything(), rollout.value(), 0, 1));
  return events.empty() ? turn.now() : events[0].time;
}

}  // namespace

// A command that only reads is not on record before its first move: whoever sent it has forgotten.
absl::Status RolloutEngine::SendAnew(Turn& turn, Run& run, Entry& entry) {
  const ServerId server = entry.target.server_id;
  if (entry.target.state != TargetState::kInFlight || !store::ChangesNothing(run.rollout.kind)) {
    return absl::OkStatus();
  }
  if (const OpenAttempt* open = dispatcher_.FindOpen(server); open != nullptr) {
    entry.untold = !open->on_record;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> attempts,
                   turn.store().attempts().ListOpenOf(server));
  if (!attempts.empty()) return absl::OkStatus();
  ServerChange change(turn, kSystemActor, "target.waiting", server, entry.target.zone_id);
  change.Note("nobody knows of the command any more; it only reads, and is sent anew");
  entry.untold = true;
  RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kWaiting, std::nullopt));
  reconsider_.push_back(server);
  return change.Record();
}

absl::Status RolloutEngine::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(const std::vector<store::Rollout> rollouts,
                   turn.store().rollouts().ListUnfinished());
  for (const store::Rollout& rollout : rollouts) RETURN_IF_ERROR(RecoverRun(turn, rollout));
  return absl::OkStatus();
}

absl::Status RolloutEngine::RecoverRun(Turn& turn, const store::Rollout& rollout) {
  ASSIGN_OR_RETURN(const store::TargetCounts counts, turn.store().rollouts().Count(rollout.id));
  Run* run = AddRun(rollout, counts);
  if (run->canceling) {
    ASSIGN_OR_RETURN(const absl::Time since, CanceledAt(turn, rollout.id));
    BeginEnd(*run, std::min(since, turn.now()));
  }
  store::TargetQuery query;
  query.rollout_id = rollout.id;
  query.states = {TargetState::kInFlight, TargetState::kVerifying, TargetState::kInDoubt};
  query.limit = 0;
  ASSIGN_OR_RETURN(std::vector<store::Target> targets, turn.store().rollouts().ListTargets(query));
  for (store::Target& target : targets) {
    Entry& entry = AddEntry(*run, std::move(target));
    if (entry.target.state == TargetState::kInDoubt) BeginDoubt(*run, entry, turn.now());
    RETURN_IF_ERROR(IfLost(turn.Alone([&] { return SendAnew(turn, *run, entry); })));
  }
  return absl::OkStatus();
}

void RolloutEngine::Forget(const ServerId& server) {
  enrollments_.Forget(server);
  std::erase_if(final_, [&server](const auto& target) { return target.second == server; });
  Run* run = RunOf(server);
  if (run == nullptr) return;
  run_of_.erase(server);
  stale_runs_.insert(run->rollout.id);  // Its counts.
  const auto it = run->entries.find(server);
  if (it == run->entries.end()) return;
  Entry& entry = it->second;
  if (run->doubts.contains(server)) EndDoubt(*run, entry);
  if (entry.target.state == TargetState::kInFlight && run->rollout.kind == CommandKind::kJoin) {
    --joins_in_flight_[entry.target.zone_id];
  }
  run->entries.erase(it);
}

absl::Status RolloutEngine::Reload(Turn& turn, const ServerId& server) {
  ASSIGN_OR_RETURN(const std::optional<RolloutId> id,
                   turn.store().rollouts().FindActiveRolloutOf(server));
  if (!id.has_value()) return absl::OkStatus();
  stale_runs_.insert(*id);  // Its counts.
  const auto it = runs_.find(*id);
  if (it == runs_.end()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::optional<store::Target> target,
                   turn.store().rollouts().FindTarget(*id, server));
  if (!target.has_value() || IsFinal(target->state)) return absl::OkStatus();
  Run& run = *it->second;
  Entry& entry = AddEntry(run, *std::move(target));
  if (entry.target.state == TargetState::kInDoubt) BeginDoubt(run, entry, turn.now());
  RETURN_IF_ERROR(SendAnew(turn, run, entry));
  if (entry.target.state == TargetState::kWaiting) {
    entry.target.next_try_time =
        std::max(entry.target.next_try_time.value_or(turn.now()), turn.now() + kCalm);
    OfferAt(server, *entry.target.next_try_time);
  }
  if (run.ending()) run.sweep.push_back(server);
  return absl::OkStatus();
}

void RolloutEngine::DropRun(const RolloutId& id) {
  const auto it = runs_.find(id);
  if (it == runs_.end()) return;
  std::vector<ServerId> servers;
  for (const auto& [server, run] : run_of_) {
    if (run == it->second.get()) servers.push_back(server);
  }
  for (const ServerId& server : servers) Forget(server);
  runs_.erase(it);
}

absl::Status RolloutEngine::ReloadRun(Turn& turn, const RolloutId& id) {
  ASSIGN_OR_RETURN(const std::optional<store::Rollout> row, turn.store().rollouts().Find(id));
  const auto it = runs_.find(id);
  if (!row.has_value() || IsFinal(row->state)) {
    DropRun(id);
    return absl::OkStatus();
  }
  if (it == runs_.end()) return RecoverRun(turn, *row);
  Run& run = *it->second;
  run.rollout = *row;
  const bool was_canceling = std::exchange(run.canceling, row->state == RolloutState::kCanceling);
  if (run.canceling && !was_canceling) BeginEnd(run, turn.now());
  ASSIGN_OR_RETURN(run.counts, turn.store().rollouts().Count(id));
  run.forgiven_doubts = 0;
  for (const ServerId& server : run.doubts) {
    const auto entry = run.entries.find(server);
    if (entry == run.entries.end()) continue;
    ASSIGN_OR_RETURN(const std::optional<store::Target> target,
                     turn.store().rollouts().FindTarget(id, server));
    const bool forgiven = target.has_value() && target->doubt_forgiven;
    entry->second.target.doubt_forgiven = forgiven;
    if (forgiven) FreeSlot(run, entry->second);
    run.forgiven_doubts += forgiven;
  }
  changed_.insert(id);
  return absl::OkStatus();
}

absl::Status RolloutEngine::ReloadStaleRuns(Turn& turn) {
  for (const RolloutId& id : std::exchange(stale_runs_, {})) {
    RETURN_IF_ERROR(ReloadRun(turn, id));
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::Step(Turn& turn, absl::FunctionRef<absl::Status()> step) {
  if (turn.now() >= careful_until_) return step();
  return IfLost(turn.Alone(step));
}

// One savepoint for all of it, unless one has failed lately: what is sent costs little more than the
// rows that it needs.
absl::Status RolloutEngine::Pump(Turn& turn) {
  RETURN_IF_ERROR(ReloadStaleRuns(turn));
  if (turn.now() < careful_until_) return PumpAll(turn);
  const absl::Status status = turn.Alone([&] { return PumpAll(turn); });
  if (status.ok() || KindOf(status) == FailureKind::kStoreLost) return status;
  // Queues, pages and sweeps went on in memory only: all of it begins as after a restart.
  careful_until_ = turn.now() + kCarefulFor;
  std::vector<RolloutId> runs;
  for (const auto& [id, run] : runs_) runs.push_back(id);
  for (const RolloutId& id : runs) DropRun(id);
  reconsider_.clear();
  changed_.clear();
  final_.clear();
  stale_runs_.clear();
  RETURN_IF_ERROR(Recover(turn));
  control_.Post([](Turn&) { return absl::OkStatus(); }, nullptr);  // The next turn goes on.
  return absl::OkStatus();
}

}  // namespace muster::core
