// The rollout engine: takes each target of a rollout through dispatch, verification and retries to
// a final state. One class in three files: the pump here (engine.cc), what operators ask
// (engine_operations.cc), what becomes of attempts and claims (engine_outcomes.cc). What it decides
// by is in limits.h and policies.h.
//
//   Create ─► targets waiting ─► pages ─► ready (connected, idle, due)
//                 ▲                          │ gates: rollout running, its concurrency, the zone's,
//                 │ retry, never arrived     ▼        pacing, per turn budget
//                 └───────────────────── in_flight ─► verifying ─► succeeded
//                                            │  ▲          └─► failed
//                                            ▼  │ worker is back
//                                         in_doubt ─► the hub decides; keeps its slot
//
//   deadline: waiting and in_doubt → straggler     cancel: waiting → canceled, the rest is awaited
//
// A canceled rollout that still awaits targets is `paused` with a reason that begins with
// kCanceling; it becomes `canceled` with its last target.
#ifndef MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_
#define MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/random.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/attempt_listener.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/interfaces/rollout_operations.h"
#include "orchestrator/core/interfaces/rollout_watch.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/pacing/pacing_table.h"
#include "orchestrator/core/rollout/run.h"
#include "orchestrator/core/verify/proof_listener.h"
#include "orchestrator/core/verify/verifier.h"

namespace muster::core {

inline constexpr char kCanceling[] = "canceling";

// The parts that the engine works with; all outlive it.
struct EngineParts {
  TurnControl& control;
  Agenda& agenda;
  Random& random;
  OrderedIds& ids;
  ZoneTable& zones;
  Dispatcher& dispatcher;
  PacingTable& pacing;
  Verifier& verifier;
  RolloutWatch& watch;
};

// On the strand only.
class RolloutEngine final : public RolloutOperations, public AttemptListener, public ProofListener {
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

  // A worker takes commands from now on.
  void ServerReady(const ServerId& server) { reconsider_.push_back(server); }
  // The last step of each turn: sends what the gates let through, ends what is over.
  absl::Status Pump(Turn& turn);

  // AttemptListener.
  absl::Status OnDoubt(Turn& turn, ServerChange& change, const OpenAttempt& open,
                       const CommandReport* report) override;
  absl::Status OnResumed(Turn& turn, ServerChange& change, const OpenAttempt& open) override;
  absl::Status OnNeverArrived(Turn& turn, ServerChange& change, const OpenAttempt& open) override;
  absl::Status OnFinished(Turn& turn, ServerChange& change, const OpenAttempt& open,
                          const CommandReport& report) override;
  // ProofListener.
  absl::Status OnProven(Turn& turn, const ServerId& server, const ZoneId& zone,
                        const store::HubProof& proof) override;
  absl::Status OnUnproven(Turn& turn, const ServerId& server, const ZoneId& zone,
                          const Failure& failure) override;
  absl::Status OnAbsent(Turn& turn, const ServerId& server, const ZoneId& zone) override;

 private:
  Run* AddRun(store::Rollout rollout, store::TargetCounts counts);
  absl::StatusOr<Run*> GetRun(Turn& turn, const Actor& actor, const RolloutId& id);
  Run* RunOf(const ServerId& server);
  Entry* EntryOf(const ServerId& server);
  // The server's entry if it is a target of this very rollout and not final.
  Entry* EntryIn(const RolloutId& rollout, const ServerId& server);
  Entry& AddEntry(Run& run, store::Target target, store::Enrollment enrollment);

  absl::StatusOr<store::Enrollment> EnrollmentOf(Turn& turn, const ServerId& server);
  absl::Status MoveServer(ServerChange& change, const ServerId& server, store::Enrollment from,
                          store::Enrollment to, const std::optional<Failure>& failure);
  // Moves a target in store and memory; the counts follow.
  absl::Status MoveTarget(Turn& turn, ServerChange& change, Run& run, Entry& entry,
                          store::TargetState to, const std::optional<Failure>& failure);
  void BeginDoubt(Run& run, Entry& entry, absl::Time now);
  void EndDoubt(Run& run, Entry& entry);
  int CountingDoubts(const Run& run, absl::Time now) const;
  absl::Status ForgiveDoubts(Turn& turn, Run& run);

  // ---- the pump ----
  absl::Status Reconsider(Turn& turn);
  absl::Status LoadPage(Turn& turn, Run& run);
  absl::Status TakePlanned(Turn& turn, Run& run);
  absl::Status Take(Turn& turn, Run& run, store::Target target);
  void Offer(Run& run, Entry& entry, absl::Time now);
  void OfferAt(const ServerId& server, absl::Time when);
  absl::Status DispatchReady(Turn& turn, Run& run, int& budget);
  absl::Status Dispatch(Turn& turn, Run& run, Entry& entry);
  absl::Status Sweep(Turn& turn, Run& run);
  absl::Status SweepTarget(Turn& turn, Run& run, Entry& entry);
  absl::Status CheckLimits(Turn& turn, Run& run);
  absl::Status Finish(Turn& turn, Run& run);
  void Released(const ServerId& server);

  // ---- outcomes ----
  absl::Status OnClaim(Turn& turn, ServerChange& change, const OpenAttempt& open,
                       const CommandReport& report);
  absl::Status OnFailure(Turn& turn, ServerChange& change, const OpenAttempt& open,
                         const Failure& failure);
  // The server's attempt is over without success: another one later, or the end. `from` is the
  // server's enrollment.
  absl::Status RetryOrFail(Turn& turn, ServerChange& change, const RolloutId& rollout,
                           const ServerId& server, store::Enrollment from, const Failure& failure);
  store::Claim MakeClaim(Turn& turn, const OpenAttempt& open, const CommandReport* report);

  const CoreOptions options_;
  TurnControl& control_;
  Agenda& agenda_;
  Random& random_;
  OrderedIds& ids_;
  ZoneTable& zones_;
  Dispatcher& dispatcher_;
  PacingTable& pacing_;
  Verifier& verifier_;
  RolloutWatch& watch_;

  std::map<RolloutId, std::unique_ptr<Run>> runs_;
  absl::flat_hash_map<ServerId, Run*> run_of_;
  std::map<ZoneId, int> joins_in_flight_;  // Over all rollouts.
  std::vector<ServerId> reconsider_;       // Their circumstances changed.
  std::set<RolloutId> changed_;            // In this turn.
  std::vector<ServerId> final_;            // Targets that became final in this turn.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_ENGINE_H_
