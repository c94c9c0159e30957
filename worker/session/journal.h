// The worker's memory of commands: what makes delivery "at least once, effectively once" (invariant
// 2). Behind this interface stand SqliteJournal (worker/session/sqlite_journal.h) and, for load and
// simulation, MemoryJournal (tests/worker/memory_journal.h).
//
//   Receive ──► received ──Start──► running ──Finish──► finished ──Acknowledge──► acknowledged
//                  └─────────────────Finish───────────────▲           (pruned 7 days after expiry)
//
// Found after a crash:
//   received   never begun; its secret is gone with the process ► REJECTED E-DISPATCH-NOT-BEGUN,
//              and a new delivery begins it afresh
//   running    the handler's Recover looks what became of it; it is never run again
//   finished   the result is sent again until the orchestrator acknowledges it
//
// No command is stored, only its id: no secret can be in a journal.
#ifndef MUSTER_WORKER_SESSION_JOURNAL_H_
#define MUSTER_WORKER_SESSION_JOURNAL_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"

namespace muster::worker {

enum class JournalState { kReceived, kRunning, kFinished, kAcknowledged };

struct JournalRecord {
  CommandId command_id;
  AttemptId attempt_id;  // Of the newest delivery.
  std::string kind;      // "join"; KindName in commands/command_handler.h.
  JournalState state = JournalState::kReceived;
  absl::Time expire_time;  // The orchestrator's clock; for pruning only.
  std::string result;      // Serialized v1::CommandResult from finished on.
};

inline constexpr absl::Duration kJournalKeep = absl::Hours(7 * 24);  // After the expiry.

// Used from the session's strand only. Each change is durable when the call returns OK. An error
// means that nothing more may be promised: the session ends with E-WORKER-JOURNAL.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual absl::StatusOr<std::optional<JournalRecord>> Find(const CommandId& command) = 0;
  // AlreadyExists when the command is known.
  virtual absl::Status Receive(const JournalRecord& record) = 0;
  // A known command was delivered again under this attempt.
  virtual absl::Status Readdress(const CommandId& command, const AttemptId& attempt) = 0;
  // A finished command that was rejected without being tried is delivered again: back to received.
  virtual absl::Status Reopen(const JournalRecord& record) = 0;
  // The three moves. FailedPrecondition when the command is not in the state that the move leaves.
  virtual absl::Status Start(const CommandId& command) = 0;
  virtual absl::Status Finish(const CommandId& command, absl::string_view result) = 0;
  // Acknowledging twice, or a command that is not known, is OK.
  virtual absl::Status Acknowledge(const CommandId& command) = 0;
  // Everything but acknowledged, oldest first.
  virtual absl::StatusOr<std::vector<JournalRecord>> Unacknowledged() = 0;
  // Forgets acknowledged commands whose expiry is more than kJournalKeep before `now`.
  virtual absl::Status Prune(absl::Time now) = 0;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_JOURNAL_H_
