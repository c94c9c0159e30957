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
using store::RolloutState;
using store::TargetState;

constexpr int kSendsPerTurn = 256;

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
      hubs_(parts.hubs),
      enrollments_(parts.enrollments),
      watch_(parts.watch),
      work_watch_(parts.work_watch) {
  enrollments_.SetListener(this);
  pacing_.SetReleased([this](const ServerId& server) { Released(server); });
}

// ---- the pump ----

absl::Status RolloutEngine::PumpAll(Turn& turn) {
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
    if (changed_.contains(id)) {
      RETURN_IF_ERROR(Step(turn, [&, &r = *run] { return CheckLimits(turn, r); }));
    }
    if (run->rollout.state == RolloutState::kRunning && !run->ending()) {
      RETURN_IF_ERROR(DispatchReady(turn, *run, budget));
    }
  }
  DropFinal();
  for (const RolloutId& id : std::exchange(changed_, {})) {
    if (const auto it = runs_.find(id); it != runs_.end()) {
      const auto limit_or_finish = [&]() -> absl::Status {
        turn.Concerns(id);
        RETURN_IF_ERROR(CheckLimits(turn, *it->second));
        return Finish(turn, *it->second);
      };
      RETURN_IF_ERROR(Step(turn, limit_or_finish));
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
    RETURN_IF_ERROR(Step(turn, [&] { return ReconsiderOne(turn, server); }));
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::ReconsiderOne(Turn& turn, const ServerId& server) {
  Entry* entry = EntryOf(server);
  if (entry == nullptr || entry->target.state != TargetState::kWaiting) return absl::OkStatus();
  turn.Concerns(server);
  Run& run = *RunOf(server);
  if (run.rollout.kind == CommandKind::kJoin) {
    ASSIGN_OR_RETURN(const store::Enrollment state, enrollments_.StateOf(turn, server));
    const bool again = run.rollout.force && entry->target.attempts == 0;
    if (state == store::Enrollment::kEnrolled && !again) {
      ServerChange change(turn, kSystemActor, "target.enrolled", server, entry->target.zone_id);
      RETURN_IF_ERROR(MoveTarget(turn, change, run, *entry, TargetState::kSucceeded, std::nullopt));
      return change.Record();
    }
  }
  return Offer(turn, run, *entry);
}

absl::Status RolloutEngine::LoadPage(Turn& turn, Run& run) {
  if (!run.planned.empty()) return TakePlanned(turn, run);
  store::TargetQuery query;
  query.rollout_id = run.rollout.id;
  query.states = {TargetState::kWaiting};
  query.after = run.cursor;
  query.limit = options_.targets_per_page;
  ASSIGN_OR_RETURN(std::vector<store::Target> page, turn.store().rollouts().ListTargets(query));
  run.loaded = page.size() < static_cast<size_t>(options_.targets_per_page);
  for (store::Target& target : page) {
    run.cursor = absl::StrCat(target.zone_id.value(), "/", absl::AsciiStrToLower(target.name));
    if (run.entries.contains(target.server_id)) continue;  // In doubt at the start, waiting by now.
    RETURN_IF_ERROR(Step(turn, [&] { return Take(turn, run, std::move(target)); }));
  }
  if (run.loaded) changed_.insert(run.rollout.id);
  return absl::OkStatus();
}

absl::StatusOr<Entry*> RolloutEngine::FetchWaiting(Turn& turn, const ServerId& server) {
  const auto has_pages = [](const Run& run) {
    return !run.loaded && run.rollout.kind == CommandKind::kJoin;
  };
  if (std::none_of(runs_.begin(), runs_.end(),
                   [&](const auto& r) { return has_pages(*r.second); })) {
    return nullptr;
  }
  ASSIGN_OR_RETURN(const std::optional<RolloutId> id,
                   turn.store().rollouts().FindActiveRolloutOf(server));
  const auto run = id.has_value() ? runs_.find(*id) : runs_.end();
  if (run == runs_.end() || !has_pages(*run->second)) return nullptr;
  ASSIGN_OR_RETURN(std::optional<store::Target> target,
                   turn.store().rollouts().FindTarget(*id, server));
  if (!target.has_value() || target->state != TargetState::kWaiting) return nullptr;
  return &AddEntry(*run->second, *std::move(target));
}

absl::Status RolloutEngine::TakePlanned(Turn& turn, Run& run) {
  for (int i = 0; i < options_.targets_per_page && run.planned_taken < run.planned.size(); ++i) {
    store::Target& target = run.planned[run.planned_taken++];
    if (run.decided.contains(target.server_id) || run.entries.contains(target.server_id)) continue;
    RETURN_IF_ERROR(Step(turn, [&] { return Take(turn, run, std::move(target)); }));
  }
  if (run.planned_taken < run.planned.size()) return absl::OkStatus();
  run.planned = {};
  run.decided.clear();
  run.loaded = true;
  changed_.insert(run.rollout.id);
  return absl::OkStatus();
}

// A target comes into memory; its server stands in the queue from now on.
absl::Status RolloutEngine::Take(Turn& turn, Run& run, store::Target target) {
  const ServerId server = target.server_id;
  turn.Concerns(server);
  Entry& entry = AddEntry(run, std::move(target));
  if (run.rollout.kind == CommandKind::kJoin && !run.ending()) {
    ASSIGN_OR_RETURN(const store::Enrollment state, enrollments_.StateOf(turn, server));
    if (MayQueue(state)) {
      ServerChange change(turn, kSystemActor, "server.queued", server, entry.target.zone_id);
      change.Note(run.rollout.id.value());
      RETURN_IF_ERROR(enrollments_.Queue(turn, change, server).status());
      RETURN_IF_ERROR(change.Record());
    }
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

absl::Status RolloutEngine::Offer(Turn& turn, Run& run, Entry& entry) {
  const ServerId& server = entry.target.server_id;
  if (entry.queued || entry.target.next_try_time.value_or(turn.now()) > turn.now()) {
    return absl::OkStatus();
  }
  const Session* session = dispatcher_.sessions().FindOf(server);
  if (session == nullptr || !session->ready || dispatcher_.IsBusy(server)) {
    return absl::OkStatus();
  }
  if (run.rollout.kind == CommandKind::kJoin) {
    // Else an older doubt or claim is being settled; that reconsiders it.
    ASSIGN_OR_RETURN(const store::Enrollment state, enrollments_.StateOf(turn, server));
    const bool again = run.rollout.force && state == store::Enrollment::kEnrolled;
    if (state != store::Enrollment::kQueued && !MayQueue(state) && !again) return absl::OkStatus();
  }
  entry.queued = true;
  run.ready[entry.target.zone_id].push_back(server);
  return absl::OkStatus();
}

// Its bucket has a token again: first in the queue, for it has waited.
void RolloutEngine::Released(const ServerId& server) {
  Entry* entry = EntryOf(server);
  if (entry == nullptr || !entry->queued) return;
  RunOf(server)->ready[entry->target.zone_id].push_front(server);
}

// A zone without a joining key holds its targets until one is set, one whose hub was not read until
// it is: no key leaves before.
absl::StatusOr<bool> RolloutEngine::IsHeld(Turn& turn, Run& run, const ZoneId& zone_id,
                                           const ZoneEntry* zone) {
  bool held = false;
  if (zone != nullptr) {
    held = !zone->key.has_value();
    if (!held) {
      ASSIGN_OR_RETURN(const bool may_join, hubs_.MayJoin(turn, zone_id));
      held = !may_join;
    }
  }
  if (held ? run.held.insert(zone_id).second : run.held.erase(zone_id) > 0) {
    changed_.insert(run.rollout.id);  // Whoever watches sees it.
  }
  return held;
}

absl::Status RolloutEngine::DispatchReady(Turn& turn, Run& run, int& budget) {
  const bool join = run.rollout.kind == CommandKind::kJoin;
  for (auto& [zone_id, queue] : run.ready) {
    while (!queue.empty() && budget > 0 &&
           run.counts.in_flight + run.slots_in_doubt < run.max_concurrency) {
      ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, zone_id));
      if (join) {
        ASSIGN_OR_RETURN(const bool held, IsHeld(turn, run, zone_id, zone));
        if (held) break;
      }
      if (join && zone != nullptr && joins_in_flight_[zone_id] >= zone->zone.max_concurrent_joins) {
        break;
      }
      const ServerId server = queue.front();
      queue.pop_front();
      Entry* entry = EntryIn(run.rollout.id, server);
      if (entry == nullptr) continue;
      entry->queued = false;
      const Session* session = dispatcher_.sessions().FindOf(server);
      if (entry->target.state != TargetState::kWaiting || session == nullptr || !session->ready ||
          dispatcher_.IsBusy(server)) {
        continue;  // It left meanwhile; it is offered again when it is back, or free.
      }
      if (join && zone != nullptr &&
          !pacing_.Take(zone->zone.hub_url, session->address, server, turn.now())) {
        entry->queued = true;  // Parked at its bucket.
        continue;
      }
      --budget;
      RETURN_IF_ERROR(Step(turn, [&] { return Dispatch(turn, run, *entry); }));
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
  if (join) {
    RETURN_IF_ERROR(enrollments_.Queue(turn, change, server, run.rollout.force).status());
  }
  ASSIGN_OR_RETURN(const std::optional<Dispatcher::NotSent> not_sent,
                   dispatcher_.Send(turn, change, delivery));
  if (!not_sent.has_value()) {
    ++entry.target.attempts;
    RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kInFlight, std::nullopt));
    if (join) RETURN_IF_ERROR(enrollments_.Begin(change, server));
    // What only reads is told of once, when it has ended.
    entry.untold = !dispatcher_.FindOpen(server)->on_record;
    return entry.untold ? absl::OkStatus() : change.Record();
  }
  if (not_sent->not_before > turn.now()) {
    entry.target.next_try_time = not_sent->not_before;
    OfferAt(server, not_sent->not_before);
    change.Note(not_sent->failure.detail);
    return change.Record();
  }
  if (join) RETURN_IF_ERROR(enrollments_.Refuse(change, server, not_sent->failure));
  RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, TargetState::kFailed, not_sent->failure));
  return change.Record();
}

absl::Status RolloutEngine::Sweep(Turn& turn, Run& run) {
  if (!run.loaded) return absl::OkStatus();
  if (!run.sweep_built) {
    run.sweep_built = true;
    for (const auto& [server, entry] : run.entries) {
      if (!IsFinal(entry.target.state)) run.sweep.push_back(server);
    }
    // A hash map's order differs between processes; the audit log's should not.
    std::sort(run.sweep.begin(), run.sweep.end());
  }
  for (int i = 0; i < options_.targets_per_page && !run.sweep.empty(); ++i) {
    const ServerId server = run.sweep.back();
    run.sweep.pop_back();
    if (Entry* entry = EntryIn(run.rollout.id, server); entry != nullptr) {
      RETURN_IF_ERROR(Step(turn, [&] { return SweepTarget(turn, run, *entry); }));
    }
  }
  return absl::OkStatus();
}

absl::Status RolloutEngine::SweepTarget(Turn& turn, Run& run, Entry& entry) {
  const ServerId server = entry.target.server_id;
  const bool connected = dispatcher_.sessions().FindOf(server) != nullptr;
  std::optional<Ending> ending = EndingOf(entry.target, connected, run.canceling, run.overdue);
  if (!ending.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, entry.target.zone_id));
  if (ending->failure.code == FailureCode::kRolloutDeadline &&
      entry.target.state == TargetState::kWaiting && run.rollout.kind == CommandKind::kJoin &&
      zone != nullptr) {
    if (!zone->key.has_value()) {
      ending->failure = {FailureCode::kKeyMissing,
                         absl::StrCat("zone ", entry.target.zone_id.value(),
                                      " had none when the rollout's deadline passed")};
    } else {
      ASSIGN_OR_RETURN(const auto held, hubs_.WhyHeld(turn, entry.target.zone_id));
      if (held.has_value()) {
        ending->failure = {held->code,
                           absl::StrCat("when the rollout's deadline passed, ", held->detail)};
      }
    }
  }
  if (ending->failure.code == FailureCode::kRolloutDeadline &&
      entry.target.state == TargetState::kWaiting && dispatcher_.clones().IsHeld(server)) {
    ending->failure = {FailureCode::kSessionCloned,
                       "it was held when the rollout's deadline passed"};
  }
  ServerChange change(turn, kSystemActor, absl::StrCat("target.", store::ToString(ending->state)),
                      server, entry.target.zone_id);
  if (run.rollout.kind == CommandKind::kJoin && entry.target.state == TargetState::kWaiting) {
    const bool tried = entry.target.failure.has_value();
    std::optional<Failure> why;
    if (tried) why = entry.target.failure;
    if (!tried && !run.canceling) why = ending->failure;
    RETURN_IF_ERROR(enrollments_.GiveUp(turn, change, server, tried, why));
  }
  RETURN_IF_ERROR(MoveTarget(turn, change, run, entry, ending->state, ending->failure));
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
  runs_.erase(run.rollout.id);
  return absl::OkStatus();
}

}  // namespace muster::core
