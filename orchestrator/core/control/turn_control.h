// Control over a strand and a store: group commit.
//
//   Post ─► strand: enqueue, ask for a turn ─► strand: turn (all that waits by then, bounded)
//
// Each operation of Post has a savepoint, so one that fails is undone alone in the store; its effects
// are dropped. Operations of PostFirm that follow each other share one, for each costs some 15 µs:
// should one of them fail, all of them are undone and what they concerned is read anew (workers whose
// sessions are ended for it say again what was undone), and for an hour each has its own. The tables in memory have none. An operation that refuses has not touched them: it
// decides first and remembers last. After one that failed against expectation the reload brings
// what memory holds of the servers and rollouts concerned back to what the store says, in the same
// turn. What cannot be undone or reloaded, a last step that fails, and a store that is lost end the
// control: nothing is decided any more, and on_lost makes the program end; its next start recovers
// (docs/decisions/store-lost.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_CONTROL_TURN_CONTROL_H_
#define MUSTER_ORCHESTRATOR_CORE_CONTROL_TURN_CONTROL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/strand.h"
#include "orchestrator/core/control/clock_drift.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/interface/store.h"

namespace muster::core {

class TurnControl final : public Control {
 public:
  // The step that ends each turn: what follows from the turn's operations as a whole.
  using LastStep = std::function<absl::Status(Turn&)>;

  // `disk` waits for the disk while the strand goes on; null: each turn waits itself. With two
  // threads a sync does not wait for a checkpoint.
  TurnControl(store::Store& store, Strand& strand, Executor* disk, const Clock& clock,
              int max_operations, std::function<void(const absl::Status&)> on_lost);

  void SetLastStep(LastStep step) { last_step_ = std::move(step); }
  // Called on the strand once a turn is durable, before its effects: how far the audit log has come
  // with it.
  void SetOnDurable(std::function<void(const store::AuditLink&)> on_durable) {
    on_durable_ = std::move(on_durable);
  }
  // Reads anew what memory holds of these. `why` is the failure that made it necessary. Without a
  // reload such a failure is the end.
  using Reload =
      std::function<absl::Status(Turn&, const Concerned& concerned, const absl::Status& why)>;
  void SetReload(Reload reload) { reload_ = std::move(reload); }

  // Control. Unavailable after Stop, E-STORE-READ-ONLY after the store was lost.
  void Post(Operation operation, Done done) override;
  void PostFirm(Operation operation) override;

  // One turn at once, on the calling thread: for the start, before anything is posted.
  absl::Status RunNow(Operation operation);
  // Refuses what is posted from now on. Thread-safe.
  void Stop();
  // On the strand.
  // More waits than this turn takes.
  bool busy() const { return !queue_.empty(); }
  bool lost() const { return !lost_.ok(); }

 private:
  class OpenTurn;
  struct Queued {
    Operation operation;
    Done done;
    bool firm = false;
  };

  absl::Time BeginTurn();
  void RunTurn();
  void ScheduleTurn();
  // Runs `batch` as one transaction and calls the dones.
  void RunBatch(std::vector<Queued> batch);
  // A committed turn whose effects await the disk.
  struct Unsynced {
    uint64_t number = 0;
    std::vector<Queued> batch;
    std::vector<absl::Status> results;
    std::vector<absl::AnyInvocable<void()>> effects;
    store::AuditLink end;  // Of the audit log; unset while nobody asks for it.
  };

  void Enqueue(Queued queued);
  void StartSync();
  void StartCheckpoint();
  // Ends the turns up to `number`, all of which this status is of.
  void Synced(uint64_t number, absl::Status status);
  static void Answer(std::vector<Queued>& batch, const absl::Status& status);
  // Runs the operation `first`, or as many from there on as share a savepoint; adds their results.
  void RunTogether(OpenTurn& turn, std::vector<Queued>& batch, size_t first,
                   std::vector<absl::Status>& results);
  // Undoes nothing: reads anew what a failure against expectation left in memory.
  void Repair(OpenTurn& turn, const absl::Status& why);
  void Lose(const absl::Status& why);

  store::Store& store_;
  Strand& strand_;
  Executor* const disk_;
  const Clock& clock_;
  const int max_operations_;
  const std::function<void(const absl::Status&)> on_lost_;
  LastStep last_step_;
  std::function<void(const store::AuditLink&)> on_durable_;
  Reload reload_;
  // Owned by the strand.
  std::deque<Queued> queue_;
  std::deque<Unsynced> unsynced_;
  uint64_t turns_ = 0;
  ClockDrift drift_;
  bool syncing_ = false;
  bool checkpointing_ = false;
  absl::Time careful_until_ = absl::InfinitePast();
  absl::Status sync_failure_;
  bool scheduled_ = false;
  bool stopped_ = false;
  absl::Status lost_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_TURN_CONTROL_H_
