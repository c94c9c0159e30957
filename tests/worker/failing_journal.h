// A journal in memory whose disk fails at one step, from the moment it is armed.
#ifndef MUSTER_TESTS_WORKER_FAILING_JOURNAL_H_
#define MUSTER_TESTS_WORKER_FAILING_JOURNAL_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/worker/memory_journal.h"

namespace muster::worker {

class FailingJournal final : public Journal {
 public:
  enum class Step {
    kUnacknowledged,
    kFind,
    kReceive,
    kReaddress,
    kReopen,
    kStart,
    kFinish,
    kAcknowledge,
    kPrune
  };
  explicit FailingJournal(Step step) : step_(step) {}
  bool armed = false;

  absl::StatusOr<std::optional<JournalRecord>> Find(const CommandId& command) override {
    if (Fails(Step::kFind)) return Error();
    return inner_.Find(command);
  }
  absl::Status Receive(const JournalRecord& record) override {
    return Fails(Step::kReceive) ? Error() : inner_.Receive(record);
  }
  absl::Status Readdress(const CommandId& command, const AttemptId& attempt) override {
    return Fails(Step::kReaddress) ? Error() : inner_.Readdress(command, attempt);
  }
  absl::Status Reopen(const JournalRecord& record) override {
    return Fails(Step::kReopen) ? Error() : inner_.Reopen(record);
  }
  absl::Status Start(const CommandId& command) override {
    return Fails(Step::kStart) ? Error() : inner_.Start(command);
  }
  absl::Status Finish(const CommandId& command, absl::string_view result) override {
    return Fails(Step::kFinish) ? Error() : inner_.Finish(command, result);
  }
  absl::Status Acknowledge(const CommandId& command) override {
    return Fails(Step::kAcknowledge) ? Error() : inner_.Acknowledge(command);
  }
  absl::StatusOr<std::vector<JournalRecord>> Unacknowledged() override {
    if (step_ == Step::kUnacknowledged) return Error();
    return inner_.Unacknowledged();
  }
  absl::Status Prune(absl::Time now) override {
    return Fails(Step::kPrune) ? Error() : inner_.Prune(now);
  }

 private:
  bool Fails(Step step) const { return armed && step == step_; }
  static absl::Status Error() { return absl::DataLossError("the disk failed"); }

  const Step step_;
  MemoryJournal inner_;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_FAILING_JOURNAL_H_
