#include "worker/session/command_runner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "proto/rpc/time.h"

namespace muster::worker {
namespace {

using Result = v1::CommandResult;

CommandId IdOf(const v1::Command& command) { return CommandId(command.command_id()); }

// It was not tried, and another delivery may find the world changed.
bool MayBeginAfresh(const Result& result) {
  if (result.outcome() != Result::OUTCOME_REJECTED) return false;
  const auto code = FindFailureCode(result.failure().code());
  return code.has_value() && IsTransient(*code);
}

// As it was recorded. One that cannot be read any more says so: what became of the command is then
// for the hub's list to settle, and the orchestrator must not wait for ever.
Result RecordedResult(const JournalRecord& record) {
  Result result;
  if (!record.result.empty() && result.ParseFromString(record.result)) return result;
  result = FailedResult(Result::OUTCOME_IN_DOUBT, FailureCode::kDispatchInDoubt,
                        "the result in the worker's journal cannot be read");
  result.set_command_id(record.command_id.value());
  return result;
}

// One line a command, without its content.
void LogEnd(const v1::Command& command, absl::string_view kind, const Result& result) {
  const bool good = result.outcome() == Result::OUTCOME_SUCCEEDED;
  (good ? log::Info : log::Warning)("command ended",
                                    {{"command", command.command_id()},
                                     {"kind", kind},
                                     {"outcome", Result::Outcome_Name(result.outcome())},
                                     {"code", result.failure().code()},
                                     {"detail", result.failure().detail()}});
}

}  // namespace

struct CommandRunner::Life {
  CommandRunner* runner;  // Null once the runner is gone; touched on the strand only.
};

CommandRunner::CommandRunner(const Parts& parts)
    : parts_(parts), life_(std::make_shared<Life>(Life{this})) {}

CommandRunner::~CommandRunner() { life_->runner = nullptr; }

bool CommandRunner::Lost(const absl::Status& status) {
  if (status.ok()) return false;
  const bool first = !std::exchange(stopped_, true);
  queue_.clear();
  // What was taken out of the queue and has not reached its handler runs no more.
  if (current_.has_value() && !in_handler_) {
    current_.reset();
    running_ = false;
  }
  if (!first) return true;
  parts_.listener.OnJournalLost(FailureCodeOf(status).has_value()
                                    ? status
                                    : FailureStatus(FailureCode::kWorkerJournal, status.message()));
  return true;
}

void CommandRunner::Open() {
  absl::StatusOr<std::vector<JournalRecord>> open = parts_.journal.Unacknowledged();
  if (Lost(open.status())) return;
  for (const JournalRecord& record : *open) {
    if (record.state == JournalState::kFinished) continue;
    if (record.state == JournalState::kReceived) {
      Result result = FailedResult(Result::OUTCOME_REJECTED, FailureCode::kDispatchNotBegun,
                                   "the worker restarted before it began");
      result.set_attempt_id(record.attempt_id.value());
      if (!Record(record.command_id, result)) return;
      continue;
    }
    Work work;
    work.command.set_command_id(record.command_id.value());
    work.command.set_attempt_id(record.attempt_id.value());
    work.recovery = true;
    work.kind = record.kind;
    log::Warning("a command ran when the worker stopped; looking what became of it",
                 {{"command", record.command_id}, {"kind", record.kind}});
    queue_.push_back(std::move(work));
  }
  RunNext();
}

void CommandRunner::Receive(v1::Command command) {
  if (stopped_) return;
  const CommandHandler* const handler = FindHandler(parts_.handlers, command.kind_case());
  if (handler != nullptr && handler->changes_nothing()) return ReceiveReadOnly(std::move(command));
  const CommandId id = IdOf(command);
  const auto known = parts_.journal.Find(id);
  if (Lost(known.status())) return;
  if (known->has_value()) return ReceiveAgain(command, **known);

  const JournalRecord record{.command_id = id,
                             .attempt_id = AttemptId(command.attempt_id()),
                             .kind = std::string(KindName(command.kind_case())),
                             .expire_time = rpc::FromProto(command.expire_time())};
  if (Lost(parts_.journal.Receive(record))) return;
  parts_.listener.OnAccepted(id, record.attempt_id);
  Enqueue(WorkOf(std::move(command), record.kind));
}

CommandRunner::Work CommandRunner::WorkOf(v1::Command command, std::string kind) const {
  Work work;
  if (command.has_time_left()) {
    work.begin_by = parts_.clock.Steady() + rpc::FromProto(command.time_left());
  }
  work.command = std::move(command);
  work.kind = std::move(kind);
  return work;
}

void CommandRunner::ReceiveAgain(v1::Command& command, const JournalRecord& record) {
  const AttemptId attempt(command.attempt_id());
  if (record.state == JournalState::kReceived || record.state == JournalState::kRunning) {
    if (attempt != record.attempt_id &&
        Lost(parts_.journal.Readdress(record.command_id, attempt))) {
      return;
    }
    (void)Readdress(record.command_id, attempt.value());
    return parts_.listener.OnAccepted(record.command_id, attempt);
  }
  Result result = RecordedResult(record);
  if (attempt != record.attempt_id && MayBeginAfresh(result)) {
    JournalRecord fresh = record;
    fresh.attempt_id = attempt;
    fresh.expire_time = rpc::FromProto(command.expire_time());
    if (Lost(parts_.journal.Reopen(fresh))) return;
    parts_.listener.OnAccepted(record.command_id, attempt);
    return Enqueue(WorkOf(std::move(command), record.kind));
  }
  if (attempt != record.attempt_id && Lost(parts_.journal.Readdress(record.command_id, attempt))) {
    return;
  }
  result.set_attempt_id(attempt.value());
  parts_.listener.OnFinished(std::move(result));
}

void CommandRunner::ReceiveReadOnly(v1::Command command) {
  if (Readdress(IdOf(command), command.attempt_id())) return;
  if (last_answered_ == command.command_id()) {
    Result again;
    (void)again.ParseFromString(last_answer_);
    again.set_attempt_id(command.attempt_id());
    return parts_.listener.OnFinished(std::move(again));
  }
  std::string kind(KindName(command.kind_case()));
  Work work = WorkOf(std::move(command), std::move(kind));
  work.journaled = false;
  Enqueue(std::move(work));
}

bool CommandRunner::Readdress(const CommandId& command, const std::string& attempt) {
  bool found = false;
  const auto readdress = [&](Work& work) {
    if (work.command.command_id() != command.value()) return;
    work.command.set_attempt_id(attempt);
    found = true;
  };
  for (Work& work : queue_) readdress(work);
  if (current_.has_value()) readdress(*current_);
  return found;
}

void CommandRunner::Enqueue(Work work) {
  queue_.push_back(std::move(work));
  RunNext();
}

void CommandRunner::RunNext() {
  if (in_run_next_) return;  // A handler that does not block finishes within StartWork.
  in_run_next_ = true;
  while (!stopped_ && !running_ && !queue_.empty()) StartWork();
  in_run_next_ = false;
}

void CommandRunner::StartWork() {
  current_ = std::move(queue_.front());
  queue_.pop_front();
  running_ = true;
  in_handler_ = false;
  start_time_ = parts_.clock.Now();
  const CommandId id = IdOf(current_->command);
  CommandHandler* handler =
      FindHandler(parts_.handlers,
                  current_->recovery ? KindOfName(current_->kind) : current_->command.kind_case());
  if (handler == nullptr) {
    return Finished(current_->recovery
                        ? FailedResult(Result::OUTCOME_IN_DOUBT, FailureCode::kDispatchInDoubt,
                                       "this worker no longer knows the kind of the command")
                        : FailedResult(Result::OUTCOME_REJECTED, FailureCode::kDispatchUnsupported,
                                       "this worker does not know the kind of the command"));
  }
  if (!current_->recovery) {
    if (parts_.clock.Steady() > current_->begin_by) {
      return Finished(FailedResult(Result::OUTCOME_REJECTED, FailureCode::kDispatchExpired,
                                   "the command's time was over before it began"));
    }
    if (current_->journaled) {
      // Durably running before the first effect: a crash from here on is answered by looking.
      if (Lost(parts_.journal.Start(id))) return;
      parts_.listener.OnStarted(id, AttemptId(current_->command.attempt_id()), start_time_);
    }
  }
  in_handler_ = true;
  handler_blocks_ = handler->blocks();
  if (!handler_blocks_) return Finished(RunHandler(*current_, *handler));
  parts_.executor.Run([life = life_, handler, &strand = parts_.strand,
                       work = Work(*current_)]() mutable {
    auto result =
        std::make_shared<Result>(work.recovery ? handler->Recover() : handler->Run(work.command));
    strand.Post([life, result] {
      if (life->runner != nullptr) life->runner->Finished(std::move(*result));
    });
  });
}

v1::CommandResult CommandRunner::RunHandler(const Work& work, CommandHandler& handler) {
  return work.recovery ? handler.Recover() : handler.Run(work.command);
}

void CommandRunner::Finished(v1::CommandResult result) {
  running_ = false;
  in_handler_ = false;
  Work work = *std::move(current_);
  current_.reset();
  if (stopped_) return;
  result.set_attempt_id(work.command.attempt_id());
  *result.mutable_start_time() = rpc::ToProto(start_time_);
  if (work.journaled) {
    if (!Record(IdOf(work.command), result)) return;
  } else {
    Complete(IdOf(work.command), result);
    last_answered_ = result.command_id();
    result.SerializeToString(&last_answer_);
  }
  // What does not block is the load generators': no line for each of their commands.
  if (handler_blocks_) LogEnd(work.command, work.kind, result);
  parts_.listener.OnFinished(std::move(result));
  RunNext();
}

void CommandRunner::Complete(const CommandId& command, v1::CommandResult& result) {
  result.set_command_id(command.value());
  *result.mutable_finish_time() = rpc::ToProto(parts_.clock.Now());
}

bool CommandRunner::Record(const CommandId& command, v1::CommandResult& result) {
  Complete(command, result);
  return !Lost(parts_.journal.Finish(command, result.SerializeAsString()));
}

void CommandRunner::Cancel(const CommandId& command) {
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    if (IdOf(it->command) != command || it->recovery) continue;
    Result result = FailedResult(Result::OUTCOME_REJECTED, FailureCode::kDispatchCanceled,
                                 "canceled before it began");
    result.set_attempt_id(it->command.attempt_id());
    const bool journaled = it->journaled;
    queue_.erase(it);
    if (!journaled) {
      Complete(command, result);
      return parts_.listener.OnFinished(std::move(result));
    }
    if (Record(command, result)) parts_.listener.OnFinished(std::move(result));
    return;
  }
}

void CommandRunner::Acknowledge(const CommandId& command) {
  if (!stopped_) (void)Lost(parts_.journal.Acknowledge(command));
}

std::vector<v1::JournalEntry> CommandRunner::OpenEntries() {
  std::vector<v1::JournalEntry> entries;
  const auto open = parts_.journal.Unacknowledged();
  if (Lost(open.status())) return entries;
  for (const JournalRecord& record : *open) {
    v1::JournalEntry& entry = entries.emplace_back();
    entry.set_command_id(record.command_id.value());
    entry.set_attempt_id(record.attempt_id.value());
    entry.set_state(record.state == JournalState::kReceived  ? v1::JournalEntry::STATE_RECEIVED
                    : record.state == JournalState::kRunning ? v1::JournalEntry::STATE_RUNNING
                                                             : v1::JournalEntry::STATE_FINISHED);
  }
  return entries;
}

std::vector<v1::CommandResult> CommandRunner::UnacknowledgedResults() {
  std::vector<v1::CommandResult> results;
  const auto open = parts_.journal.Unacknowledged();
  if (Lost(open.status())) return results;
  for (const JournalRecord& record : *open) {
    if (record.state != JournalState::kFinished) continue;
    v1::CommandResult& result = results.emplace_back(RecordedResult(record));
    result.set_attempt_id(record.attempt_id.value());
  }
  return results;
}

void CommandRunner::PruneNow() {
  const absl::Duration now = parts_.clock.Steady();
  if (stopped_ || now - pruned_ < absl::Hours(1)) return;
  pruned_ = now;
  (void)Lost(parts_.journal.Prune(parts_.clock.Now() + clock_offset_));
}

void CommandRunner::Stop() {
  stopped_ = true;
  queue_.clear();
}

}  // namespace muster::worker
