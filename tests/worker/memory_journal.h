// The journal in memory: for the simulation, load generators and tests of the session. Obeys
// worker/session/journal.h; journal_test.cc holds it and the one on disk to the same contract.
#ifndef MUSTER_TESTS_WORKER_MEMORY_JOURNAL_H_
#define MUSTER_TESTS_WORKER_MEMORY_JOURNAL_H_

#include <algorithm>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "worker/session/journal.h"

namespace muster::worker {

class MemoryJournal final : public Journal {
 public:
  // Off: an acknowledged command is forgotten at once, so that a load test's memory stays flat.
  explicit MemoryJournal(bool keep_acknowledged = true) : keep_acknowledged_(keep_acknowledged) {}

  absl::StatusOr<std::optional<JournalRecord>> Find(const CommandId& command) override {
    const auto it = records_.find(command);
    return it == records_.end() ? std::nullopt : std::optional<JournalRecord>(it->second);
  }
  absl::Status Receive(const JournalRecord& record) override {
    if (!records_.emplace(record.command_id, record).second) {
      return absl::AlreadyExistsError("known");
    }
    order_.push_back(record.command_id);
    return absl::OkStatus();
  }
  absl::Status Readdress(const CommandId& command, const AttemptId& attempt) override {
    if (const auto it = records_.find(command); it != records_.end()) {
      it->second.attempt_id = attempt;
    }
    return absl::OkStatus();
  }
  absl::Status Reopen(const JournalRecord& record) override {
    const auto it = records_.find(record.command_id);
    if (it == records_.end() || it->second.state < JournalState::kFinished) return Refused();
    if (it->second.state == JournalState::kAcknowledged) order_.push_back(record.command_id);
    it->second = record;
    it->second.state = JournalState::kReceived;
    it->second.result.clear();
    return absl::OkStatus();
  }
  absl::Status Start(const CommandId& command) override {
    const auto it = records_.find(command);
    if (it == records_.end() || it->second.state != JournalState::kReceived) return Refused();
    it->second.state = JournalState::kRunning;
    return absl::OkStatus();
  }
  absl::Status Finish(const CommandId& command, absl::string_view result) override {
    const auto it = records_.find(command);
    if (it == records_.end() || it->second.state > JournalState::kRunning) return Refused();
    it->second.state = JournalState::kFinished;
    it->second.result = std::string(result);
    return absl::OkStatus();
  }
  absl::Status Acknowledge(const CommandId& command) override {
    const auto it = records_.find(command);
    if (it == records_.end() || it->second.state != JournalState::kFinished) {
      return absl::OkStatus();
    }
    it->second.state = JournalState::kAcknowledged;
    order_.remove(command);
    if (!keep_acknowledged_) records_.erase(it);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<JournalRecord>> Unacknowledged() override {
    std::vector<JournalRecord> open;
    for (const CommandId& command : order_) open.push_back(records_.at(command));
    return open;
  }
  absl::Status Prune(absl::Time now) override {
    absl::erase_if(records_, [now](const auto& entry) {
      return entry.second.state == JournalState::kAcknowledged &&
             entry.second.expire_time < now - kJournalKeep;
    });
    return absl::OkStatus();
  }

 private:
  static absl::Status Refused() { return absl::FailedPreconditionError("not in that state"); }

  const bool keep_acknowledged_;
  absl::flat_hash_map<CommandId, JournalRecord> records_;
  std::list<CommandId> order_;  // What is not acknowledged, oldest first.
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_MEMORY_JOURNAL_H_
