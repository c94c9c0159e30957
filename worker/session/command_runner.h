// Takes commands to their end, once each: journal, queue, handler, journal, report.
//
//   Receive ─► journal ─► OnAccepted ─► queue ─► journal ─► OnStarted ─► handler ─► journal
//     ─► OnFinished
//   again    ─► known and open: OnAccepted     finished: OnFinished with the recorded result
//   Cancel   ─► taken out of the queue; what runs is not interrupted
//
// A command that changes nothing takes the short way, without the journal:
//
//   Receive ─► queue ─► handler ─► OnFinished     again ─► the answer it gave, if that was the last
//
// One command of a worker runs at a time, so no two joins of one process overlap (invariant 11).
#ifndef MUSTER_WORKER_SESSION_COMMAND_RUNNER_H_
#define MUSTER_WORKER_SESSION_COMMAND_RUNNER_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/strand.h"
#include "muster/worker/v1/session.pb.h"
#include "worker/commands/command_handler.h"
#include "worker/session/journal.h"

namespace muster::worker {

// Everything runs on `strand`, handlers that block on `executor`.
class CommandRunner {
 public:
  // Who is told. Calls come from within the runner's methods and from its tasks on the strand.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnAccepted(const CommandId& command, const AttemptId& attempt) = 0;
    virtual void OnStarted(const CommandId& command, const AttemptId& attempt,
                           absl::Time start) = 0;
    // The result is in the journal, unless the command changes nothing.
    virtual void OnFinished(v1::CommandResult result) = 0;
    // The journal failed; nothing more is run.
    virtual void OnJournalLost(const absl::Status& status) = 0;
  };
  struct Parts {
    Journal& journal;
    CommandHandlers& handlers;
    Strand& strand;
    Executor& executor;
    const Clock& clock;
    Listener& listener;
  };
  // What `parts` refers to outlives the runner.
  explicit CommandRunner(const Parts& parts);
  ~CommandRunner();  // On the strand, or when nothing is posted to it any more.
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  // Settles what an earlier process left behind. First, and once.
  void Open();
  void Receive(v1::Command command);
  void Cancel(const CommandId& command);
  void Acknowledge(const CommandId& command);
  // For Hello. Empty after the journal was lost.
  std::vector<v1::JournalEntry> OpenEntries();
  // To be sent again after Welcome.
  std::vector<v1::CommandResult> UnacknowledgedResults();
  // What to add to this machine's clock to get the orchestrator's: for pruning, which goes by dates.
  void SetClockOffset(absl::Duration offset) { clock_offset_ = offset; }
  // Forgets old commands, at most once an hour.
  void PruneNow();
  // Nothing more is started, and the result of what runs is not recorded: the next process looks.
  void Stop();
  bool idle() const { return !running_; }

 private:
  struct Work {
    v1::Command command;
    bool recovery = false;
    std::string kind;
    bool journaled = true;
    absl::Duration begin_by = absl::InfiniteDuration();  // Steady time: expired when it is over.
  };
  struct Life;  // Outlives the runner in the hands of executor tasks.

  void ReceiveReadOnly(v1::Command command);
  // Of a command that waits or runs: its newest delivery. False when there is none of this id.
  bool Readdress(const CommandId& command, const std::string& attempt);
  Work WorkOf(v1::Command command, std::string kind) const;
  void Enqueue(Work work);
  void RunNext();
  void StartWork();
  void Finished(v1::CommandResult result);
  void Complete(const CommandId& command, v1::CommandResult& result);
  bool Record(const CommandId& command, v1::CommandResult& result);
  void ReceiveAgain(v1::Command& command, const JournalRecord& record);
  v1::CommandResult RunHandler(const Work& work, CommandHandler& handler);
  bool Lost(const absl::Status& status);

  const Parts parts_;
  const std::shared_ptr<Life> life_;
  std::deque<Work> queue_;
  std::optional<Work> current_;
  // To the last command that changed nothing: a serialized v1::CommandResult.
  std::string last_answer_;
  std::string last_answered_;
  bool running_ = false;
  bool in_handler_ = false;  // What runs has reached its handler, which cannot be called back.
  bool stopped_ = false;
  bool in_run_next_ = false;
  bool handler_blocks_ = true;  // Of the handler that ran last.
  absl::Duration clock_offset_;
  absl::Time start_time_;
  absl::Duration pruned_ = -absl::InfiniteDuration();  // Steady time.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_COMMAND_RUNNER_H_
