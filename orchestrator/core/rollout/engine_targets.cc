// The book of targets: where each stands, and how it follows its server. See engine.h.
#include <algorithm>
#include <utility>

#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/enrollment/retry_policy.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/rollout/limits.h"
#include "orchestrator/core/rollout/policies.h"

namespace muster::core {

using store::CommandKind;
using store::RolloutState;
using store::TargetState;

Run* RolloutEngine::AddRun(store::Rollout rollout, store::TargetCounts counts) {
  auto run = std::make_unique<Run>();
  run->max_concurrency = ResolveMaxConcurrency(rollout.max_concurrency, counts.total);
  run->max_failures = ResolveMaxFailures(rollout.max_failures, counts.total);
  run->max_in_doubt = ResolveMaxInDoubt(rollout.max_in_doubt, counts.total, run->max_concurrency);
  run->canceling = rollout.state == RolloutState::kCanceling;
  run->counts = counts;
  const RolloutId id = rollout.id;
  agenda_.At(rollout.deadline, [this, id](Turn& turn) {
    if (const auto it = runs_.find(id); it != runs_.end()) {
      it->second->expired = true;
      // Counted from the deadline: a restart does not prolong it.
      BeginEnd(*it->second, std::min(turn.now(), it->second->rollout.deadline));
    }
    return absl::OkStatus();
  });
  run->rollout = std::move(rollout);
  changed_.insert(id);
  return (runs_[id] = std::move(run)).get();
}

Entry& RolloutEngine::AddEntry(Run& run, store::Target target) {
  const ServerId server = target.server_id;
  if (target.state == TargetState::kInFlight && run.rollout.kind == CommandKind::kJoin) {
    ++joins_in_flight_[target.zone_id];
  }
  run_of_[server] = &run;
  Entry& entry = run.entries[server];
  entry.target = std::move(target);
  return entry;
}

Run* RolloutEngine::RunOf(const ServerId& server) {
  const auto it = run_of_.find(server);
  return it == run_of_.end() ? nullptr : it->second;
}

Entry* RolloutEngine::EntryOf(const ServerId& server) {
  Run* run = RunOf(server);
  if (run == nullptr) return nullptr;
  const auto it = run->entries.find(server);
  return it == run->entries.end() || IsFinal(it->second.target.state) ? nullptr : &it->second;
}

Entry* RolloutEngine::EntryIn(const RolloutId& rollout, const ServerId& server) {
  Run* run = RunOf(server);
  return run != nullptr && run->rollout.id == rollout ? EntryOf(server) : nullptr;
}

absl::Status RolloutEngine::MoveTarget(Turn& turn, ServerChange& change, Run& run, Entry& entry,
                                       TargetState to, const std::optional<Failure>& failure) {
  store::Target& target = entry.target;
  const TargetState from = target.state;
  if (from == TargetState::kInDoubt) EndDoubt(run, entry);
  target.state = to;
  target.failure = failure;
  if (to != TargetState::kWaiting) target.next_try_time.reset();
  if (IsFinal(to)) {
    target.finish_time = turn.now();
    final_.emplace_back(run.rollout.id, target.server_id);
  }
  --CountOf(run.counts, from);
  ++CountOf(run.counts, to);
  if (run.rollout.kind == CommandKind::kJoin) {
    if (from == TargetState::kInFlight) --joins_in_flight_[target.zone_id];
    if (to == TargetState::kInFlight) ++joins_in_flight_[target.zone_id];
    if (to == TargetState::kSucceeded && target.attempts > 0 && work_watch_ != nullptr) {
      turn.AfterCommit(
          [watch = work_watch_, tenant = TenantOf(target.zone_id),
           after = turn.now() - run.rollout.create_time] { watch->TargetProven(tenant, after); });
    }
  }
  if (run.ending() && (to == TargetState::kWaiting || to == TargetState::kInDoubt)) {
    run.sweep.push_back(target.server_id);
  }
  if (to == TargetState::kInDoubt) BeginDoubt(run, entry, turn.now());
  changed_.insert(run.rollout.id);
  const bool untold = std::exchange(entry.untold, false);
  return change.Target(target, from, untold ? std::optional(TargetState::kWaiting) : std::nullopt);
}

void RolloutEngine::BeginEnd(Run& run, absl::Time since) {
  run.sweep_built = false;
  changed_.insert(run.rollout.id);
  agenda_.At(since + options_.end_patience, [this, id = run.rollout.id](Turn&) {
    if (const auto it = runs_.find(id); it != runs_.end()) {
      it->second->overdue = true;
      it->second->sweep_built = false;
      changed_.insert(id);
    }
    return absl::OkStatus();
  });
}

void RolloutEngine::BeginDoubt(Run& run, Entry& entry, absl::Time now) {
  const ServerId& server = entry.target.server_id;
  entry.doubt_since = now;
  run.doubts.insert(server);
  run.forgiven_doubts += entry.target.doubt_forgiven;
  entry.holds_slot = DoubtHoldsSlot(entry.target, false, now, options_.doubt_slot_patience, now);
  run.slots_in_doubt += entry.holds_slot;
  for (const absl::Duration patience : {options_.doubt_patience, options_.doubt_slot_patience}) {
    agenda_.At(now + patience, [this, id = run.rollout.id, server](Turn& turn) {
      Entry* found = EntryIn(id, server);
      if (found == nullptr || found->target.state != TargetState::kInDoubt) return absl::OkStatus();
      if (!DoubtHoldsSlot(found->target, false, found->doubt_since, options_.doubt_slot_patience,
                          turn.now())) {
        FreeSlot(*RunOf(server), *found);
      }
      changed_.insert(id);
      return absl::OkStatus();
    });
  }
}

void RolloutEngine::FreeSlot(Run& run, Entry& entry) {
  run.slots_in_doubt -= entry.holds_slot;
  entry.holds_slot = false;
}

void RolloutEngine::EndDoubt(Run& run, Entry& entry) {
  FreeSlot(run, entry);
  run.doubts.erase(entry.target.server_id);
  run.forgiven_doubts -= entry.target.doubt_forgiven;
  entry.target.doubt_forgiven = false;
}

int RolloutEngine::CountingDoubts(const Run& run, absl::Time now) const {
  return static_cast<int>(
      std::count_if(run.doubts.begin(), run.doubts.end(), [&](const ServerId& server) {
        const auto it = run.entries.find(server);
        return it != run.entries.end() &&
               DoubtCounts(it->second.target, it->second.doubt_since, options_.doubt_patience, now);
      }));
}

void RolloutEngine::DropFinal() {
  for (const auto& [rollout, server] : std::exchange(final_, {})) {
    const auto run = runs_.find(rollout);
    if (run == runs_.end()) continue;
    run->second->entries.erase(server);
    if (RunOf(server) != run->second.get()) continue;
    run_of_.erase(server);
    enrollments_.Forget(server);
  }
}

// ---- EnrollmentListener ----

absl::Status RolloutEngine::Pace(Turn& turn, const EnrollmentEvent& event) {
  const bool proven = event.what == EnrollmentEvent::What::kProven;
  if (!proven && !(event.failure.has_value() && IsRateLimit(*event.failure))) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, event.zone));
  const Session* session = dispatcher_.sessions().FindOf(event.server);
  if (zone == nullptr || session == nullptr) return absl::OkStatus();
  if (proven) {
    pacing_.OnSuccess(zone->zone.hub_url, session->address, turn.now());
  } else {
    pacing_.OnRefused(zone->zone.hub_url, session->address, turn.now());
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::OnEnrollment(Turn& turn, ServerChange& change,
                                         const EnrollmentEvent& event) {
  using What = EnrollmentEvent::What;
  if (event.what != What::kDoubt && event.what != What::kResumed) {
    reconsider_.push_back(event.server);
  }
  RETURN_IF_ERROR(Pace(turn, event));
  if (event.failure.has_value() && IsOfTheHub(event.failure->code)) {
    RETURN_IF_ERROR(hubs_.Question(turn, event.zone));
  }
  Entry* entry =
      event.rollout.empty() ? EntryOf(event.server) : EntryIn(event.rollout, event.server);
  if (entry == nullptr && event.unproven) {
    ASSIGN_OR_RETURN(entry, FetchWaiting(turn, event.server));
    if (entry != nullptr) {
      // The store's pages leave out who is final; the plan does not know.
      if (Run& run = *RunOf(event.server); !run.planned.empty()) run.decided.insert(event.server);
    }
  }
  if (entry == nullptr) return absl::OkStatus();
  Run& run = *RunOf(event.server);
  if (event.rollout.empty() && run.rollout.kind != CommandKind::kJoin) return absl::OkStatus();
  const std::optional<TargetState> to = NextState(entry->target.state, event);
  if (!to.has_value()) return absl::OkStatus();
  if (event.retry.has_value()) {
    entry->target.next_try_time = turn.now() + *event.retry;
    OfferAt(event.server, *entry->target.next_try_time);
  }
  const bool told = event.what == What::kDoubt || event.what == What::kFailed;
  RETURN_IF_ERROR(MoveTarget(turn, change, run, *entry, *to, told ? event.failure : std::nullopt));
  if (*to == TargetState::kInDoubt && event.answered) FreeSlot(run, *entry);
  return absl::OkStatus();
}

std::optional<absl::Duration> RolloutEngine::RetryAfter(const RolloutId& rollout,
                                                        const ServerId& server,
                                                        const Failure& failure) {
  const Entry* entry = EntryIn(rollout, server);
  if (entry == nullptr || RunOf(server)->ending()) return std::nullopt;
  return RetryDelay(options_.retry, failure, entry->target.attempts, random_);
}

}  // namespace muster::core
