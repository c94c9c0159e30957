// The rollout engine: which server comes when, and where each target of a rollout stands. What
// becomes of a server's enrollment is decided by enrollment/; the target follows. One class in four
// files: the pump here (engine.cc), what operators ask (engine_operations.cc), the book of targets
// (engine_targets.cc), what is read anew after a failure (engine_reload.cc). What it decides by is in
// limits.h and policies.h.
//
//   Create ─► targets waiting ─► pages ─► ready (connected, idle, due)
//                 ▲                          │ gates: rollout running, its concurrency, the zone's,
//                 │ retry, never arrived     ▼        key, hub read, pacing, per turn budget
//                 └───────────────────── in_flight ─► verifying ─► succeeded
//                                            │  ▲          └─► failed
//                                            ▼  │ worker is back
//                                         in_doubt ─► the hub decides; keeps its slot
//
//   deadline: waiting → straggler (never reached) or failed; in_doubt → failed
//   another rollout's doubt or claim ends unproven: waiting → failed, loaded or not; a target that
//   waits never joins a server that its hub may have already
//   cancel:   waiting, in_doubt → canceled
//   What is under way then is awaited, so long as CoreOptions::end_patience says; a canceled rollout
//   is `canceling` until its last target is final.
#ifndef MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_
#define MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/random.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/enrollment/enrollment_listener.h"
#include "orchestrator/core/enrollment/enrollments.h"
#include "orchestrator/core/hubs/hub_poller.h"
#include "orchestrator/core/interfaces/rollout_operations.h"
#include "orchestrator/core/interfaces/rollout_watch.h"
#include "orchestrator/core/interfaces/work_watch.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/pacing/pacing_table.h"
#include "orchestrator/core/rollout/run.h"

namespace muster::core {

// The parts that the engine works with; all outlive it.
struct EngineParts {
  TurnControl& control;
  Agenda& agenda;
  Random& random;
  OrderedIds& ids;
  ZoneTable& zones;
  Dispatcher& dispatcher;
  PacingTable& pacing;
  HubPoller& hubs;
  Enrollments& enrollments;
  RolloutWatch& watch;
  WorkWatch* work_watch = nullptr;  // Null: nobody counts.
};

// On the strand only.
class RolloutEngine final : public RolloutOperations, public EnrollmentListener {
 public:
  RolloutEngine(const CoreOptions& options, EngineParts parts);

  // Unfinished rollouts with their targets on the way. Before Dispatcher::Recover.
  absl::Status Recover(Turn& turn);

  // RolloutOperations.
  absl::StatusOr<store::Rollout> Create(Turn& turn, const Actor& actor,
                                        const RolloutInput& input) override;
  absl::StatusOr<store::Rollout> Pause(Turn& turn, const Actor& actor,
                                       const RolloutId& id) override;
  absl::StatusOr<store::Rollout> Resume(Turn& turn, const Actor& actor,
                                        const RolloutId& id) override;
  absl::StatusOr<store::Rollout> Cancel(Turn& turn, const Actor& actor,
                                        const RolloutId& id) override;

  // Memory may differ from the store about this server: forgets its target, then (after
  // Dispatcher::Reload's turn) reads it anew. It is not offered for a while.
  void Forget(const ServerId& server);
  absl::Status Reload(Turn& turn, const ServerId& server);
  // The same of a rollout, before the next pump.
  void Reload(const RolloutId& rollout) { stale_runs_.insert(rollout); }

  // A worker takes commands from now on.
  void ServerReady(const ServerId& server) { reconsider_.push_back(server); }
  // The last step of each turn: sends what the gates let through, ends what is over.
  absl::Status Pump(Turn& turn);

  // EnrollmentListener.
  absl::Status OnEnrollment(Turn& turn, ServerChange& change,
                            const EnrollmentEvent& event) override;
  std::optional<absl::Duration> RetryAfter(const RolloutId& rollout, const ServerId& server,
                                           const Failure& failure) override;
  bool Wants(const RolloutId& rollout, const ServerId& server) override {
    return EntryIn(rollout, server) != nullptr;
  }

 private:
  Run* AddRun(store::Rollout rollout, store::TargetCounts counts);
  absl::StatusOr<Run*> GetRun(Turn& turn, const Actor& actor, const RolloutId& id);
  Run* RunOf(const ServerId& server);
  Entry* EntryOf(const ServerId& server);
  // The server's entry if it is a target of this very rollout and not final.
  Entry* EntryIn(const RolloutId& rollout, const ServerId& server);
  Entry& AddEntry(Run& run, store::Target target);
  // Targets that became final in this turn leave memory.
  void DropFinal();

  // Moves a target in store and memory; the counts follow.
  absl::Status MoveTarget(Turn& turn, ServerChange& change, Run& run, Entry& entry,
                          store::TargetState to, const std::optional<Failure>& failure);
  void BeginDoubt(Run& run, Entry& entry, absl::Time now);
  void FreeSlot(Run& run, Entry& entry);
  void EndDoubt(Run& run, Entry& entry);
  int CountingDoubts(const Run& run, absl::Time now) const;
  absl::Status ForgiveDoubts(Turn& turn, Run& run);

  // ---- what failed against expectation (engine_reload.cc) ----
  absl::Status RecoverRun(Turn& turn, const store::Rollout& rollout);
  absl::Status SendAnew(Turn& turn, Run& run, Entry& entry);
  void DropRun(const RolloutId& id);
  absl::Status ReloadRun(Turn& turn, const RolloutId& id);
  absl::Status ReloadStaleRuns(Turn& turn);
  // Runs a part of the pump: alone once a pump has failed, so that the next failure costs the server
  // or rollout that it is about; else as a part of the whole.
  absl::Status Step(Turn& turn, absl::FunctionRef<absl::Status()> step);

  // ---- the pump ----
  absl::Status PumpAll(Turn& turn);
  absl::Status Reconsider(Turn& turn);
  absl::Status ReconsiderOne(Turn& turn, const ServerId& server);
  // A waiting target of a join whose page has not come; null when there is none.
  absl::StatusOr<Entry*> FetchWaiting(Turn& turn, const ServerId& server);
  absl::Status LoadPage(Turn& turn, Run& run);
  absl::Status TakePlanned(Turn& turn, Run& run);
  absl::Status Take(Turn& turn, Run& run, store::Target target);
  absl::Status Offer(Turn& turn, Run& run, Entry& entry);
  void OfferAt(const ServerId& server, absl::Time when);
  absl::StatusOr<bool> IsHeld(Turn& turn, Run& run, const ZoneId& zone_id, const ZoneEntry* zone);
  absl::Status DispatchReady(Turn& turn, Run& run, int& budget);
  absl::Status Dispatch(Turn& turn, Run& run, Entry& entry);
  // Nothing begins any more since then; what is under way is awaited for a while.
  void BeginEnd(Run& run, absl::Time since);
  absl::Status Sweep(Turn& turn, Run& run);
  absl::Status SweepTarget(Turn& turn, Run& run, Entry& entry);
  absl::Status CheckLimits(Turn& turn, Run& run);
  absl::Status Finish(Turn& turn, Run& run);
  void Released(const ServerId& server);

  // Paces the joins to the hub by how they end.
  absl::Status Pace(Turn& turn, const EnrollmentEvent& event);

  const CoreOptions options_;
  TurnControl& control_;
  Agenda& agenda_;
  Random& random_;
  OrderedIds& ids_;
  ZoneTable& zones_;
  Dispatcher& dispatcher_;
  PacingTable& pacing_;
  HubPoller& hubs_;
  Enrollments& enrollments_;
  RolloutWatch& watch_;
  WorkWatch* const work_watch_;

  std::map<RolloutId, std::unique_ptr<Run>> runs_;
  absl::flat_hash_map<ServerId, Run*> run_of_;
  std::map<ZoneId, int> joins_in_flight_;  // Over all rollouts.
  std::vector<ServerId> reconsider_;       // Their circumstances changed.
  std::set<RolloutId> changed_;            // In this turn.
  std::set<RolloutId> stale_runs_;         // To be read anew before the next pump.
  absl::Time careful_until_ = absl::InfinitePast();
  // Targets that became final in this turn. A server may be the target of a newer rollout already.
  std::vector<std::pair<RolloutId, ServerId>> final_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_
