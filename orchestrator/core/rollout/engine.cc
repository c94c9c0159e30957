#include "orchestrator/core/rollout/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/rollout/limits.h"
#include "orchestrator/core/rollout/policies.h"

namespace muster::core {
namespace {

using store::CommandKind;
using store::Enrollment;
using store::RolloutState;
using store::TargetState;

constexpr int kSendsPerTurn = 256;

// Where a join may begin: nothing is under way and the hub has not confirmed the server.
bool MayQueue(Enrollment enrollment) {
  return enrollment == Enrollment::kNotEnrolled || enrollment == Enrollment::kFailed ||
         enrollment == Enrollment::kDegraded;
}

}  // namespace

RolloutEngine::RolloutEngine(const CoreOptions& options, EngineParts parts)
    : options_(options),
      control_(parts.control),
      agenda_(parts.agenda),
      random_(parts.random),
      ids_(parts.ids),
      zones_(parts.zones),
      dispatcher_(parts.dispatcher),
      pacing_(parts.pacing),
      verifier_(parts.verifier),
      watch_(parts.watch) {
  dispatcher_.SetListener(this);
  verifier_.SetListener(this);
  pacing_.SetReleased([this](const ServerId& server) { Released(server); });
}

absl::Status RolloutEngine::Recover(Turn& turn) {
  ASSIGN_OR_RETURN(const std::vector<store::Rollout> rollouts,
                   turn.store().rollouts().ListUnfinished());
  for (const store::Rollout& rollout : rollouts) {
    ASSIGN_OR_RETURN(const store::TargetCounts counts, turn.store().rollouts().Count(rollout.id));
    Run* run = AddRun(rollout, counts);
    store::TargetQuery query;
    query.rollout_id = rollout.id;
    query.states = {TargetState::kInFlight, TargetState::kVerifying, TargetState::kInDoubt};
    query.limit = 0;
    ASSIGN_OR_RETURN(std::vector<store::Target> targets,
                     turn.store().rollouts().ListTargets(query));
    for (store::Target& target : targets) {
      ASSIGN_OR_RETURN(const Enrollment enrollment, EnrollmentOf(turn, target.server_id));
      Entry& entry = AddEntry(*run, std::move(target), enrollment);
      if (entry.target.state == TargetState::kInDoubt) BeginDoubt(*run, entry, turn.now());
    }
  }
  return absl::OkStatus();
}

Run* RolloutEngine::AddRun(store::Rollout rollout, store::TargetCounts counts) {
  control_.MemoryChanged();
  auto run = std::make_unique<Run>();
  run->max_concurrency = ResolveMaxConcurrency(rollout.max_concurrency, counts.total);
  run->max_failures = ResolveMaxFailures(rollout.max_failures, counts.total);
  run->max_in_doubt = ResolveMaxInDoubt(rollout.max_in_doubt, counts.total, run->max_concurrency);
  run->canceling =
      rollout.state == RolloutState::kPaused && absl::StartsWith(rollout.reason, kCanceling);
  run->counts = counts;
  const RolloutId id = rollout.id;
  agenda_.At(rollout.deadline, [this, id](Turn&) {
    if (const auto it = runs_.find(id); it != runs_.end()) {
      it->second->expired = true;
      it->second->sweep_built = false;
      changed_.insert(id);
    }
    return absl::OkStatus();
  });
  run->rollout = std::move(rollout);
  changed_.insert(id);
  return (runs_[id] = std::move(run)).get();
}

Entry& RolloutEngine::AddEntry(Run& run, store::Target target, Enrollment enrollment) {
  control_.MemoryChanged();
  const ServerId server = target.server_id;
  if (target.state == TargetState::kInFlight && run.rollout.kind == CommandKind::kJoin) {
    ++joins_in_flight_[target.zone_id];
  }
  run_of_[server] = &run;
  Entry& entry = run.entries[server];
  entry.target = std::move(target);
  entry.enrollment = enrollment;
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

absl::StatusOr<Enrollment> RolloutEngine::EnrollmentOf(Turn& turn, const ServerId& server) {
  const Entry* entry = EntryOf(server);
  if (entry != nullptr && RunOf(server)->rollout.kind == CommandKind::kJoin) {
    return entry->enrollment;
  }
  ASSIGN_OR_RETURN(const std::optional<store::Server> found, turn.store().servers().Find(server));
  if (!found.has_value()) return absl::InternalError(absl::StrCat("no server ", server.value()));
  return found->enrollment;
}

absl::Status RolloutEngine::MoveServer(ServerChange& change, const ServerId& server,
                                       Enrollment from, Enrollment to,
                                       const std::optional<Failure>& failure) {
  control_.MemoryChanged();
  if (Entry* entry = EntryOf(server); entry != nullptr) entry->enrollment = to;
  return change.Enrollment(from, to, failure);
}

absl::Status RolloutEngine::MoveTarget(Turn& turn, ServerChange& change, Run& run, Entry& entry,
                                       TargetState to, const std::optional<Failure>& failure) {
  control_.MemoryChanged();
  store::Target& target = entry.target;
  const TargetState from = target.state;
  if (from == TargetState::kInDoubt) EndDoubt(run, entry);
  target.state = to;
  target.failure = failure;
  if (to != TargetState::kWaiting) target.next_try_time.reset();
  if (IsFinal(to)) {
    target.finish_time = turn.now();
    final_.push_back(target.server_id);
  }
  --CountOf(run.counts, from);
  ++CountOf(run.counts, to);
  if (run.rollout.kind == CommandKind::kJoin) {
    if (from == TargetState::kInFlight) --joins_in_flight_[target.zone_id];
    if (to == TargetState::kInFlight) ++joins_in_flight_[target.zone_id];
  }
  if (run.ending() && (to == TargetState::kWaiting || to == TargetState::kInDoubt)) {
    run.sweep.push_back(target.server_id);
  }
  if (to == TargetState::kInDoubt) BeginDoubt(run, entry, turn.now());
  changed_.insert(run.rollout.id);
  return change.Target(target, from);
}

void RolloutEngine::BeginDoubt(Run& run, Entry& entry, absl::Time now) {
  const ServerId& server = entry.target.server_id;
  entry.doubt_since = now;
  run.doubts.insert(server);
  run.forgiven_doubts += entry.target.doubt_forgiven;
  agenda_.At(now + options_.doubt_patience, [this, id = run.rollout.id, server](Turn&) {
    const Entry* found = EntryIn(id, server);
    if (found != nullptr && found->target.state == TargetState::kInDoubt) changed_.insert(id);
    return absl::OkStatus();
  });
}

void RolloutEngine::EndDoubt(Run& run, Entry& entry) {
  run.doubts.erase(entry.target.server_id);
  run.forgiven_doubts -= entry.target.doubt_forgiven;
  entry.target.doubt_forgiven = false;
}

int RolloutEngine::CountingDoubts(const Run& run, absl::Time now) const {
  return static_cast<int>(
      std::count_if(run.doubts.begin(), run.doubts.end(), [&](const ServerId& server) {
        const Entry& entry = run.entries.at(server);
        return DoubtCounts(entry.target, entry.doubt_since, options_.doubt_patience, now);
      }));
}

// ---- the pump ----

absl::Status RolloutEngine::Pump(Turn& turn) {
  RETURN_IF_ERROR(Reconsider(turn));
  int budget = kSendsPerTurn;
  bool more = false;
  for (const auto& [id, run] : runs_) {
    if (!run->loaded) {
      RETURN_IF_ERROR(LoadPage(turn, *run));
      more = true;
    }
    if (run->ending()) {
      RETURN_IF_ERROR(Sweep(turn, *run));
      more |= !run->sweep.empty();
    }
    // A limit trips before the next command goes out.
    if (changed_.contains(id)) RETURN_IF_ERROR(CheckLimits(turn, *run));
    if (run->rollout.state == RolloutState::kRunning && !run->ending()) {
      RETURN_IF_ERROR(DispatchReady(turn, *run, budget));
    }
  }
  for (const ServerId& server : std::exchange(final_, {})) {
    Run* run = RunOf(server);
    run->entries.erase(server);
    run_of_.erase(server);
  }
  for (const RolloutId& id : std::exchange(changed_, {})) {
    if (const auto it = runs_.find(id); it != runs_.end()) {
      RETURN_IF_ERROR(CheckLimits(turn, *it->second));
      RETURN_IF_ERROR(Finish(turn, *it->second));
    }
    turn.AfterCommit([this, changed = id] { watch_.RolloutChanged(changed); });
  }
  if (more || budget == 0) {
    control_.Post([](Turn&) { return absl::OkStatus(); }, nullptr);  // The next turn goes on.
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::Reconsider(Turn& turn) {
  for (const ServerId& server : std::exchange(reconsider_, {})) {
    Entry* entry = EntryOf(server);
    if (entry == nullptr || entry->target.state != TargetState::kWaiting) continue;
    Run& run = *RunOf(server);
    if (run.rollout.kind == CommandKind::kJoin && entry->enrollment == Enrollment::kEnrolled) {
      ServerChange change(turn, kSystemActor, "target.enrolled", server, entry->target.zone_id);
      RETURN_IF_ERROR(MoveTarget(turn, change, run, *entry, TargetState::kSucceeded, std::nullopt));
      RETURN_IF_ERROR(change.Record());
      continue;
    }
    Offer(run, *entry, turn.now());
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::LoadPage(Turn& turn, Run& run) {
  if (!run.planned.empty()) return TakePlanned(turn, run);
  store::TargetQuery query;
  query.rollout_id = run.rollout.id;
  query.states = {TargetState::kWaiting};
  query.after = run.cursor;
  query.limit = options_.targets_per_page;
  ASSIGN_OR_RETURN(std::vector<store::Target> page, turn.store().rollouts().ListTargets(query));
  control_.MemoryChanged();
  run.loaded = page.size() < static_cast<size_t>(options_.targets_per_page);
  for (store::Target& target : page) {
    run.cursor = absl::StrCat(target.zone_id.value(), "/", absl::AsciiStrToLower(target.name));
    if (run.entries.contains(target.server_id)) continue;  // In doubt at the start, waiting by now.
    RETURN_IF_ERROR(Take(turn, run, std::move(target)));
  }
  if (run.loaded) changed_.insert(run.rollout.id);
  return absl::OkStatus();
}

absl::Status RolloutEngine::TakePlanned(Turn& turn, Run& run) {
  control_.MemoryChanged();
  for (int i = 0; i < options_.targets_per_page && run.planned_taken < run.planned.size(); ++i) {
    RETURN_IF_ERROR(Take(turn, run, std::move(run.planned[run.planned_taken++])));
  }
  if (run.planned_taken < run.planned.size()) return absl::OkStatus();
  run.planned = {};
  run.loaded = true;
  changed_.insert(run.rollout.id);
  return absl::OkStatus();
}

// A target comes into memory; its server stands in the queue from now on.
absl::Status RolloutEngine::Take(Turn& turn, Run& run, store::Target target) {
  const ServerId server = target.server_id;
  Enrollment enrollment = Enrollment::kNotEnrolled;
  if (run.rollout.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(enrollment, EnrollmentOf(turn, server));
  }
  Entry& entry = AddEntry(run, std::move(target), enrollment);
  if (run.rollout.kind == CommandKind::kJoin && !run.ending() && MayQueue(enrollment)) {
    ServerChange change(turn, kSystemActor, "server.queued", server, entry.target.zone_id);
    change.Note(run.rollout.id.value());
    RETURN_IF_ERROR(MoveServer(change, server, enrollment, Enrollment::kQueued, std::nullopt));
    RETURN_IF_ERROR(change.Record());
  }
  if (entry.target.next_try_time.has_value() && *entry.target.next_try_time > turn.now()) {
    OfferAt(server, *entry.target.next_try_time);
    return absl::OkStatus();
  }
  reconsider_.push_back(server);
  return absl::OkStatus();
}

void RolloutEngine::OfferAt(const ServerId& server, absl::Time when) {
  agenda_.At(when, [this, server](Turn&) {
    reconsider_.push_back(server);
    return absl::OkStatus();
  });
}

void RolloutEngine::Offer(Run& run, Entry& entry, absl::Time now) {
  const ServerId& server = entry.target.server_id;
  if (entry.queued || entry.target.next_try_time.value_or(now) > now) return;
  const Session* session = dispatcher_.sessions().FindOf(server);
  if (session == nullptr || !session->ready || dispatcher_.FindOpen(server) != nullptr) return;
  if (run.rollout.kind == CommandKind::kJoin && entry.enrollment != Enrollment::kQueued &&
      !MayQueue(entry.enrollment)) {
    return;  // An older doubt or claim is being settled; that reconsiders it.
  }
  control_.MemoryChanged();
  entry.queued = true;
  run.ready[entry.target.zone_id].push_back(server);
}

// Its bucket has a token again: first in the queue, for it has waited.
void RolloutEngine::Released(const ServerId& server) {
  Entry* entry = EntryOf(server);
  if (entry == nullptr || !entry->queued) return;
  control_.MemoryChanged();
  RunOf(server)->ready[entry->target.zone_id].push_front(server);
}

absl::Status RolloutEngine::DispatchReady(Turn& turn, Run& run, int& budget) {
  const bool join = run.rollout.kind == CommandKind::kJoin;
  for (auto& [zone_id, queue] : run.ready) {
    while (!queue.empty() && budget > 0 &&
           SlotsHeld(run.counts, run.forgiven_doubts) < run.max_concurrency) {
      ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, zone_id));
      if (join && zone != nullptr && joins_in_flight_[zone_id] >= zone->zone.max_concurrent_joins) {
        break;
      }
      control_.MemoryChanged();
      const ServerId server = queue.front();
      queue.pop_front();
      Entry* entry = EntryIn(run.rollout.id, server);
      if (entry == nullptr) continue;
      entry->queued = false;
      const Session* session = dispatcher_.sessions().FindOf(server);
      if (entry->target.state != TargetState::kWaiting || session == nullptr || !session->ready ||
          dispatcher_.FindOpen(server) != nullptr) {
        continue;  // It left meanwhile; it is offered again when it is back.
      }
      if (join && zone != nullptr &&
          !pacing_.Take(zone->zone.hub_url, session->address, server, turn.now())) {
        entry->queued = true;  // Parked at its bucket.
        continue;
      }
      --budget;
      RETURN_IF_ERROR(Dispatch(turn, run, *entry));
    }
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::Dispatch(Turn& turn, Run& run, Entry& entry) {
  const ServerId server = entry.target.server_id;
  const bool join = run.rollout.kind == CommandKind::kJoin;
  ServerChange change(turn, kSystemActor, "command.sent", server, entry.target.zone_id);
  Delivery delivery;
  delivery.server_id = server;
  delivery.zone_id = entry.target.zone_id;
  delivery.rollout_id = run.rollout.id;
  delivery.kind = run.rollout.kind;
  delivery.allow_takeover = run.rollout.allow_takeover;
  delivery.number = entry.target.attempts + 1;
  if (join && MayQueue(entry.enrollment)) {
    RETURN_IF_ERROR(
        MoveServer(change, server, entry.enrollment, Enrollment::kQueued, std::nullopt));
  }
  ASSIGN_OR_RETURN(const std::optional<Dispatcher::NotSent> not_sent,
                   dispatcher_.Send(turn, change, delivery));
  if (!not_sent.has_value()) {
    ++entry.target.attempts;
    RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kInFlight, std::nullopt));
    if (join) {
      RETURN_IF_ERROR(
          MoveServer(change, server, Enrollment::kQueued, Enrollment::kJoining, std::nullopt));
    }
    return change.Record();
  }
  if (not_sent->not_before > turn.now()) {
    entry.target.next_try_time = not_sent->not_before;
    OfferAt(server, not_sent->not_before);
    change.Note(not_sent->failure.detail);
    return change.Record();
  }
  if (join) {
    RETURN_IF_ERROR(
        MoveServer(change, server, Enrollment::kQueued, Enrollment::kFailed, not_sent->failure));
  }
  RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kFailed, not_sent->failure));
  return change.Record();
}

absl::Status RolloutEngine::Sweep(Turn& turn, Run& run) {
  if (!run.loaded) return absl::OkStatus();
  if (!run.sweep_built) {
    control_.MemoryChanged();
    run.sweep_built = true;
    for (const auto& [server, entry] : run.entries) {
      if (entry.target.state == TargetState::kWaiting ||
          entry.target.state == TargetState::kInDoubt) {
        run.sweep.push_back(server);
      }
    }
    // A hash map's order differs between processes; the audit log's should not.
    std::sort(run.sweep.begin(), run.sweep.end());
  }
  for (int i = 0; i < options_.targets_per_page && !run.sweep.empty(); ++i) {
    const ServerId server = run.sweep.back();
    run.sweep.pop_back();
    if (Entry* entry = EntryIn(run.rollout.id, server); entry != nullptr) {
      RETURN_IF_ERROR(SweepTarget(turn, run, *entry));
    }
  }
  return absl::OkStatus();
}

// What waits goes out; what is in doubt goes out of the rollout only, at the deadline: its server
// stays in doubt until that is settled (invariant 8).
absl::Status RolloutEngine::SweepTarget(Turn& turn, Run& run, Entry& entry) {
  const ServerId server = entry.target.server_id;
  const TargetState state = entry.target.state;
  if (state != TargetState::kWaiting && !(state == TargetState::kInDoubt && run.expired)) {
    return absl::OkStatus();
  }
  const TargetState to = run.canceling ? TargetState::kCanceled : TargetState::kStraggler;
  const Failure failure = run.canceling
                              ? entry.target.failure.value_or(
                                    Failure{FailureCode::kDispatchCanceled, "before its turn came"})
                              : StragglerFailure(dispatcher_.sessions().FindOf(server) != nullptr,
                                                 entry.target.failure);
  ServerChange change(turn, kSystemActor, run.canceling ? "target.canceled" : "target.straggler",
                      server, entry.target.zone_id);
  if (state == TargetState::kInDoubt) {
    RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kStraggler,
                               Failure{FailureCode::kDispatchInDoubt, "at the deadline"}));
    return change.Record();
  }
  if (run.rollout.kind == CommandKind::kJoin) {
    // A server that was never queued is, for a moment: its reason is on record then.
    if (!run.canceling && entry.enrollment == Enrollment::kNotEnrolled) {
      RETURN_IF_ERROR(
          MoveServer(change, server, Enrollment::kNotEnrolled, Enrollment::kQueued, std::nullopt));
    }
    if (entry.enrollment == Enrollment::kQueued) {
      const bool tried = entry.target.failure.has_value();
      std::optional<Failure> why;
      if (tried) why = entry.target.failure;
      if (!tried && !run.canceling) why = failure;
      RETURN_IF_ERROR(MoveServer(change, server, Enrollment::kQueued,
                                 tried ? Enrollment::kFailed : Enrollment::kNotEnrolled, why));
    }
  }
  RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, to, failure));
  return change.Record();
}

absl::Status RolloutEngine::CheckLimits(Turn& turn, Run& run) {
  if (run.rollout.state != RolloutState::kRunning || NothingOpen(run.counts)) {
    return absl::OkStatus();
  }
  std::string reason;
  if (FailuresTrip(run.rollout, run.counts, run.max_failures)) {
    reason = TripReason(run.counts, run.rollout, run.max_failures);
  } else if (DoubtsTrip(run.counts.in_doubt - run.forgiven_doubts, run.max_in_doubt)) {
    const int doubts = CountingDoubts(run, turn.now());
    if (!DoubtsTrip(doubts, run.max_in_doubt)) return absl::OkStatus();
    reason = DoubtTripReason(run.counts, doubts, run.max_in_doubt);
  } else {
    return absl::OkStatus();
  }
  return MoveRollout(turn, kSystemActor, run.rollout, RolloutState::kPaused, reason);
}

absl::Status RolloutEngine::Finish(Turn& turn, Run& run) {
  if (!NothingOpen(run.counts) || !run.loaded) return absl::OkStatus();
  RETURN_IF_ERROR(
      MoveRollout(turn, kSystemActor, run.rollout, FinalStateOf(run.counts, run.canceling), ""));
  control_.MemoryChanged();
  runs_.erase(run.rollout.id);
  return absl::OkStatus();
}

}  // namespace muster::core
