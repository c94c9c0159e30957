#include "orchestrator/core/control/turn_control.h"

#include <memory>
#include <utility>

#include "base/failure.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {

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

TurnControl::TurnControl(store::Store& store, Strand& strand, const Clock& clock,
                         int max_operations, std::function<void(const absl::Status&)> on_lost)
    : store_(store),
      strand_(strand),
      clock_(clock),
      max_operations_(max_operations),
      on_lost_(std::move(on_lost)) {}

void TurnControl::Post(Operation operation, Done done) {
  strand_.Post([this, queued = Queued{std::move(operation), std::move(done)}]() mutable {
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
  strand_.Post([this] { stopped_ = true; });
}

void TurnControl::ScheduleTurn() {
  if (scheduled_) return;
  scheduled_ = true;
  // Behind whatever waits on the strand by now: that shares the turn.
  strand_.Post([this] { RunTurn(); });
}

void TurnControl::RunTurn() {
  scheduled_ = false;
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
  batch.push_back(Queued{std::move(operation), [&result](absl::Status s) { result = s; }});
  RunBatch(std::move(batch));
  return result;
}

absl::Status TurnControl::RunOne(OpenTurn& turn, Operation& operation) {
  const size_t effects = turn.effects();
  memory_changed_ = false;
  RETURN_IF_ERROR(turn.store().Mark());
  absl::Status status = operation(turn);
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

void TurnControl::RunBatch(std::vector<Queued> batch) {
  const auto answer_all = [&batch](const absl::Status& status) {
    for (Queued& queued : batch) {
      if (queued.done) queued.done(status);
    }
  };
  if (lost()) return answer_all(lost_);
  absl::StatusOr<std::unique_ptr<store::Transaction>> transaction = store_.Begin();
  if (!transaction.ok()) {
    // Nothing was decided, so nothing differs; but without a store there is nothing to do either.
    Lose(transaction.status());
    return answer_all(lost_);
  }
  OpenTurn turn(*std::move(transaction), clock_.Now());
  std::vector<absl::Status> results;
  results.reserve(batch.size());
  for (Queued& queued : batch) {
    results.push_back(lost() ? lost_ : RunOne(turn, queued.operation));
  }
  if (!lost() && last_step_) {
    Operation last = [this](Turn& t) { return last_step_(t); };
    const absl::Status status = RunOne(turn, last);
    if (!status.ok() && !lost()) Lose(status);
  }
  if (lost()) return answer_all(lost_);
  if (absl::Status status = turn.Commit(); !status.ok()) {
    Lose(status);
    return answer_all(status);
  }
  for (absl::AnyInvocable<void()>& effect : turn.TakeEffects()) effect();
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].done) batch[i].done(std::move(results[i]));
  }
}

void TurnControl::Lose(const absl::Status& why) {
  if (lost()) return;
  lost_ = FailureCodeOf(why).has_value()
              ? why
              : FailureStatus(FailureCode::kStoreReadOnly, why.message());
  log::Error("the core stops deciding: memory and store may differ", {{"error", why}});
  if (on_lost_) on_lost_(why);
}

}  // namespace muster::core
