#include "orchestrator/core/control/turn_control.h"

#include <memory>
#include <utility>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

// Turns that may be committed and not durable. More would let memory run away from a slow disk.
constexpr size_t kMostUnsynced = 4;

}  // namespace

class TurnControl::OpenTurn final : public Turn {
 public:
  OpenTurn(std::unique_ptr<store::Transaction> transaction, absl::Time now)
      : transaction_(std::move(transaction)), now_(now) {}

  store::Transaction& store() override { return *transaction_; }
  absl::Time now() const override { return now_; }
  void AfterCommit(absl::AnyInvocable<void()> effect) override {
    effects_.push_back(std::move(effect));
  }

  size_t effects() const { return effects_.size(); }
  void DropEffectsFrom(size_t first) { effects_.resize(first); }
  std::vector<absl::AnyInvocable<void()>> TakeEffects() { return std::move(effects_); }
  absl::Status Commit() {
    const absl::Status status = transaction_->Commit();
    transaction_.reset();
    return status;
  }

 private:
  std::unique_ptr<store::Transaction> transaction_;
  const absl::Time now_;
  std::vector<absl::AnyInvocable<void()>> effects_;
};

TurnControl::TurnControl(store::Store& store, Strand& strand, Executor* disk, const Clock& clock,
                         int max_operations, std::function<void(const absl::Status&)> on_lost)
    : store_(store),
      strand_(strand),
      disk_(disk),
      clock_(clock),
      max_operations_(max_operations),
      on_lost_(std::move(on_lost)) {}

void TurnControl::Post(Operation operation, Done done) {
  Enqueue(Queued{.operation = std::move(operation), .done = std::move(done)});
}

void TurnControl::PostFirm(Operation operation) {
  Enqueue(Queued{.operation = std::move(operation), .firm = true});
}

void TurnControl::Enqueue(Queued queued) {
  strand_.Post([this, queued = std::move(queued)]() mutable {
    if (stopped_) {
      if (queued.done) {
        queued.done(absl::UnavailableError("the orchestrator is stopping; try again later"));
      }
      return;
    }
    queue_.push_back(std::move(queued));
    ScheduleTurn();
  });
}

void TurnControl::Stop() {
  strand_.Post([this] {
    stopped_ = true;
    // Nobody may be left to wait beside the strand.
    if (!unsynced_.empty()) Synced(turns_, store_.Sync());
    if (!queue_.empty()) ScheduleTurn();  // What the disk held up.
  });
}

void TurnControl::ScheduleTurn() {
  if (scheduled_) return;
  scheduled_ = true;
  // Behind whatever waits on the strand by now: that shares the turn.
  strand_.Post([this] { RunTurn(); });
}

void TurnControl::RunTurn() {
  scheduled_ = false;
  if (unsynced_.size() >= kMostUnsynced) return;  // The disk is behind; Synced goes on.
  std::vector<Queued> batch;
  while (!queue_.empty() && batch.size() < static_cast<size_t>(max_operations_)) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (!queue_.empty()) ScheduleTurn();
  if (!batch.empty()) RunBatch(std::move(batch));
}

absl::Status TurnControl::RunNow(Operation operation) {
  absl::Status result;
  std::vector<Queued> batch;
  batch.push_back(Queued{.operation = std::move(operation),
                         .done = [&result](absl::Status s) { result = std::move(s); }});
  RunBatch(std::move(batch));
  Synced(turns_, store_.Sync());
  return result;
}

absl::Status TurnControl::RunOne(OpenTurn& turn, Queued& queued) {
  if (queued.firm) {
    absl::Status status = queued.operation(turn);
    if (!status.ok()) Lose(status);
    return status;
  }
  const size_t effects = turn.effects();
  memory_changed_ = false;
  RETURN_IF_ERROR(turn.store().Mark());
  absl::Status status = queued.operation(turn);
  if (status.ok()) {
    status = turn.store().Release();
    if (!status.ok()) Lose(status);
    return status;
  }
  turn.DropEffectsFrom(effects);
  const absl::Status undone = turn.store().RollBackToMark();
  if (memory_changed_ || !undone.ok()) Lose(undone.ok() ? status : undone);
  return status;
}

void TurnControl::Answer(std::vector<Queued>& batch, const absl::Status& status) {
  for (Queued& queued : batch) {
    if (queued.done) queued.done(status);
  }
}

void TurnControl::RunBatch(std::vector<Queued> batch) {
  if (lost()) return Answer(batch, lost_);
  absl::StatusOr<std::unique_ptr<store::Transaction>> transaction = store_.Begin();
  if (!transaction.ok()) {
    // Nothing was decided, so nothing differs; but without a store there is nothing to do either.
    Lose(transaction.status());
    return Answer(batch, lost_);
  }
  OpenTurn turn(*std::move(transaction), clock_.Now());
  std::vector<absl::Status> results;
  results.reserve(batch.size());
  for (Queued& queued : batch) {
    results.push_back(lost() ? lost_ : RunOne(turn, queued));
  }
  if (!lost() && last_step_) {
    if (const absl::Status status = last_step_(turn); !status.ok()) Lose(status);
  }
  if (lost()) return Answer(batch, lost_);
  if (absl::Status status = turn.Commit(); !status.ok()) {
    Lose(status);
    return Answer(batch, status);
  }
  unsynced_.push_back(Unsynced{++turns_, std::move(batch), std::move(results), turn.TakeEffects()});
  StartSync();
}

void TurnControl::StartSync() {
  if (disk_ == nullptr || stopped_) return Synced(turns_, store_.Sync());
  if (syncing_ || unsynced_.empty()) return;
  syncing_ = true;
  disk_->Run([this, number = turns_] {
    absl::Status status = store_.Sync();
    strand_.Post([this, number, status = std::move(status)] {
      syncing_ = false;
      Synced(number, status);
      if (!unsynced_.empty()) StartSync();
      if (!queue_.empty()) ScheduleTurn();
    });
  });
}

void TurnControl::Synced(uint64_t number, absl::Status status) {
  // After a failed sync nobody knows what is on the disk; a later one that succeeds does not
  // either.
  if (!sync_failure_.ok()) status = sync_failure_;
  if (!status.ok()) {
    sync_failure_ = status;
    Lose(status);
  }
  while (!unsynced_.empty() && unsynced_.front().number <= number) {
    Unsynced turn = std::move(unsynced_.front());
    unsynced_.pop_front();
    if (!status.ok()) {
      Answer(turn.batch, status);
      continue;
    }
    for (absl::AnyInvocable<void()>& effect : turn.effects) effect();
    for (size_t i = 0; i < turn.batch.size(); ++i) {
      if (turn.batch[i].done) turn.batch[i].done(std::move(turn.results[i]));
    }
  }
}

void TurnControl::Lose(const absl::Status& why) {
  if (lost()) return;
  lost_ = FailureCodeOf(why) == FailureCode::kStoreReadOnly
              ? why
              : FailureStatus(FailureCode::kStoreReadOnly, why.message());
  log::Error("the core stops deciding: memory and store may differ", {{"error", why}});
  if (on_lost_) on_lost_(why);
}

}  // namespace muster::core
