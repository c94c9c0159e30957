// How a kind of command is carried out. One handler per kind; the runner (session/command_runner.h)
// knows kinds only through this table.
#ifndef MUSTER_WORKER_COMMANDS_COMMAND_HANDLER_H_
#define MUSTER_WORKER_COMMANDS_COMMAND_HANDLER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/command.pb.h"

namespace muster::worker {

// Handlers fill outcome, failure and detail of a result; ids and times are the runner's. Of one
// worker at most one handler runs at a time.
class CommandHandler {
 public:
  virtual ~CommandHandler() = default;
  virtual v1::Command::KindCase kind() const = 0;
  // Carries the command out. The journal says "running" already, unless it changes nothing. May
  // block for minutes if `blocks`.
  virtual v1::CommandResult Run(const v1::Command& command) = 0;
  // The process died while a command of this kind ran: finds out what became of it, and never
  // repeats an effect (invariant 8). The command itself is gone with its secret. Called for
  // what changes nothing only when an older worker has journaled it.
  virtual v1::CommandResult Recover() = 0;
  // True: the command only reads. It is not journaled and not announced; delivered again after a
  // crash it is run again.
  virtual bool changes_nothing() const { return false; }
  // The worker's zone pin has changed: for commands that begin later. Any thread.
  virtual void SetZonePin(const v1::ZonePin& /*pin*/) {}
  // False: Run returns at once and may be called on the session's strand.
  virtual bool blocks() const { return true; }
};

using CommandHandlers = std::vector<std::unique_ptr<CommandHandler>>;

// Null when no handler knows the kind.
CommandHandler* FindHandler(const CommandHandlers& handlers, v1::Command::KindCase kind);

// "join": the kind's name in the journal. "unknown" for kinds of a newer orchestrator.
absl::string_view KindName(v1::Command::KindCase kind);
v1::Command::KindCase KindOfName(absl::string_view name);

v1::CommandResult FailedResult(v1::CommandResult::Outcome outcome, FailureCode code,
                               absl::string_view detail);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_COMMAND_HANDLER_H_
