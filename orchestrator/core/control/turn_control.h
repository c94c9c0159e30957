// Control over a strand and a store: group commit.
//
//   Post ─► strand: enqueue, ask for a turn ─► strand: turn (all that waits by then, bounded)
//
// An operation of Post that fails is undone alone in the store, by its savepoint. It must not have
// changed the tables in memory: operations write first and remember last. Where that cannot be
// (many steps in one operation) they say MemoryChanged() and a failure from there on is the end:
// memory and store differ, so the control stops deciding (store lost) and the program's next start
// recovers. An operation of PostFirm, and the last step of a turn, have no savepoint: a failure is
// the end from their beginning.
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
#include "orchestrator/core/interfaces/control.h"
#include "store/interface/store.h"

namespace muster::core {

class TurnControl final : public Control {
 public:
  // The step that ends each turn: what follows from the turn's operations as a whole.
  using LastStep = std::function<absl::Status(Turn&)>;

  // `disk` waits for the disk while the strand goes on; null: each turn waits itself.
  TurnControl(store::Store& store, Strand& strand, Executor* disk, const Clock& clock,
              int max_operations, std::function<void(const absl::Status&)> on_lost);

  void SetLastStep(LastStep step) { last_step_ = std::move(step); }

  // Control. Unavailable after Stop, E-STORE-READ-ONLY after the store was lost.
  void Post(Operation operation, Done done) override;
  void PostFirm(Operation operation) override;

  // One turn at once, on the calling thread: for the start, before anything is posted.
  absl::Status RunNow(Operation operation);
  // Refuses what is posted from now on. Thread-safe.
  void Stop();
  // On the strand.
  void MemoryChanged() { memory_changed_ = true; }
  bool lost() const { return !lost_.ok(); }

 private:
  class OpenTurn;
  struct Queued {
    Operation operation;
    Done done;
    bool firm = false;
  };

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
  };

  void Enqueue(Queued queued);
  void StartSync();
  // Ends the turns up to `number`, all of which this status is of.
  void Synced(uint64_t number, absl::Status status);
  static void Answer(std::vector<Queued>& batch, const absl::Status& status);
  absl::Status RunOne(OpenTurn& turn, Queued& queued);
  void Lose(const absl::Status& why);

  store::Store& store_;
  Strand& strand_;
  Executor* const disk_;
  const Clock& clock_;
  const int max_operations_;
  const std::function<void(const absl::Status&)> on_lost_;
  LastStep last_step_;
  // Owned by the strand.
  std::deque<Queued> queue_;
  std::deque<Unsynced> unsynced_;
  uint64_t turns_ = 0;
  bool syncing_ = false;
  absl::Status sync_failure_;
  bool scheduled_ = false;
  bool stopped_ = false;
  bool memory_changed_ = false;
  absl::Status lost_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_TURN_CONTROL_H_
