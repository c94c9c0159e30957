#include "orchestrator/core/control/turn_control.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/failure_kind.h"

namespace muster::core {
namespace {

// Turns that may be committed and not durable. More would let memory run away from a slow disk.
constexpr size_t kMostUnsynced = 4;
// After a firm operation that failed: what failed once may do so with each word of its worker.
constexpr absl::Duration kCarefulFor = absl::Hours(1);

}  // namespace

class TurnControl::OpenTurn final : public Turn {
 public:
  OpenTurn(TurnControl& control, std::unique_ptr<store::Transaction> transaction, absl::Time now)
      : control_(control), transaction_(std::move(transaction)), now_(now) {}

  store::Transaction& store() override { return *transaction_; }
  absl::Time now() const override { return now_; }
  absl::Duration AgeOf(absl::Time date) const override { return control_.drift_.AgeOf(date); }
  void AfterCommit(absl::AnyInvocable<void()> effect) override {
    effects_.push_back(std::move(effect));
  }
  void Concerns(const ServerId& server) override { concerned_.servers.push_back(server); }
  void Concerns(const RolloutId& rollout) override { concerned_.rollouts.push_back(rollout); }

  absl::Status Alone(absl::FunctionRef<absl::Status()> step) override {
    Concerned outer = std::exchange(concerned_, {});
    const size_t effects = effects_.size();
    absl::Status status = transaction_->Mark();
    if (!status.ok()) {
      control_.Lose(status);
      return status;
    }
    status = step();
    if (status.ok()) {
      status = transaction_->Release();
      if (!status.ok()) control_.Lose(status);
    } else {
      effects_.resize(effects);
      const absl::Status undone = transaction_->RollBackToMark();
      if (!undone.ok()) {
        control_.Lose(undone);
      } else if (KindOf(status) == FailureKind::kStoreLost) {
        control_.Lose(status);
      } else if (KindOf(status) == FailureKind::kUnexpected) {
        control_.Repair(*this, status);
      }
    }
    // What encloses this step may still fail itself: then this is its concern, too.
    outer.servers.insert(outer.servers.end(), concerned_.servers.begin(), concerned_.servers.end());
    outer.rollouts.insert(outer.rollouts.end(), concerned_.rollouts.begin(),
                          concerned_.rollouts.end());
    concerned_ = std::move(outer);
    return status;
  }

  const Concerned& concerned() const { return concerned_; }
  void ForgetConcerned() { concerned_ = {}; }
  std::vector<absl::AnyInvocable<void()>> TakeEffects() { return std::move(effects_); }
  absl::Status Commit() {
    const absl::Status status = transaction_->Commit();
    transaction_.reset();
    return status;
  }

 private:
  TurnControl& control_;
  std::unique_ptr<store::Transaction> transaction_;
  const absl::Time now_;
  std::vector<absl::AnyInvocable<void()>> effects_;
  Concerned concerned_;
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

absl::Time TurnControl::BeginTurn() {
  const absl::Time now = clock_.Now();
  drift_.Note(now, clock_.Steady());
  return now;
}

void TurnControl::RunTurn() {
  scheduled_ = false;
  if (unsynced_.size() >= kMostUnsynced) return;  // The disk is behind; Synced goes on.
  std::vector<Queued> batch;
  batch.reserve(std::min(queue_.size(), static_cast<size_t>(max_operations_)));
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

void TurnControl::RunTogether(OpenTurn& turn, std::vector<Queued>& batch, size_t first,
                              std::vector<absl::Status>& results) {
  size_t end = first + 1;
  if (batch[first].firm && turn.now() >= careful_until_) {
    while (end < batch.size() && batch[end].firm) ++end;
  }
  size_t ran = 0;
  const absl::Status status = turn.Alone([&]() -> absl::Status {
    for (size_t i = first; i < end; ++i) {
      ++ran;
      RETURN_IF_ERROR(batch[i].operation(turn));
    }
    return absl::OkStatus();
  });
  if (!status.ok() && batch[first].firm) careful_until_ = turn.now() + kCarefulFor;
  results.insert(results.end(), ran, status);
}

void TurnControl::Repair(OpenTurn& turn, const absl::Status& why) {
  const Concerned concerned = turn.concerned();
  log::Error("an operation failed against expectation; it is undone",
             {{"error", why},
              {"server", concerned.servers.empty() ? "" : concerned.servers.front().value()},
              {"rollout", concerned.rollouts.empty() ? "" : concerned.rollouts.front().value()}});
  if (concerned.empty()) return;
  // Not alone: half a reload is no repair.
  const absl::Status reloaded = reload_ ? reload_(turn, concerned, why) : why;
  if (!reloaded.ok()) Lose(reloaded);
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
  OpenTurn turn(*this, *std::move(transaction), BeginTurn());
  std::vector<absl::Status> results;
  results.reserve(batch.size());
  while (!lost() && results.size() < batch.size()) {
    RunTogether(turn, batch, results.size(), results);
    turn.ForgetConcerned();
  }
  if (!lost() && last_step_) {
    if (const absl::Status status = last_step_(turn); !status.ok()) Lose(status);
  }
  store::AuditLink end;
  if (!lost() && on_durable_) {
    absl::StatusOr<store::AuditLink> last = turn.store().audit().Last();
    if (last.ok()) {
      end = *std::move(last);
    } else {
      Lose(last.status());
    }
  }
  if (lost()) return Answer(batch, lost_);
  if (absl::Status status = turn.Commit(); !status.ok()) {
    Lose(status);
    return Answer(batch, status);
  }
  unsynced_.push_back(
      Unsynced{++turns_, std::move(batch), std::move(results), turn.TakeEffects(), std::move(end)});
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

// Beside the turns and their syncs.
void TurnControl::StartCheckpoint() {
  if (checkpointing_ || stopped_ || lost() || !store_.CheckpointIsDue()) return;
  if (disk_ == nullptr) {
    if (const absl::Status status = store_.Checkpoint(); !status.ok()) Lose(status);
    return;
  }
  checkpointing_ = true;
  disk_->Run([this] {
    absl::Status status = store_.Checkpoint();
    strand_.Post([this, status = std::move(status)] {
      checkpointing_ = false;
      if (!status.ok()) Lose(status);
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
  StartCheckpoint();
  while (!unsynced_.empty() && unsynced_.front().number <= number) {
    Unsynced turn = std::move(unsynced_.front());
    unsynced_.pop_front();
    if (!status.ok()) {
      Answer(turn.batch, status);
      continue;
    }
    if (on_durable_) on_durable_(turn.end);
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
  log::Error("the core stops deciding until the next start", {{"error", why}});
  if (on_lost_) on_lost_(why);
}

}  // namespace muster::core
