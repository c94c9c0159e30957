// The commands of muster-orchestrator, one source each. Each adds itself with its flags to the
// program, and returns what runs it once the command line is parsed and names it.
#ifndef MUSTER_ORCHESTRATOR_APP_COMMANDS_COMMANDS_H_
#define MUSTER_ORCHESTRATOR_APP_COMMANDS_COMMANDS_H_

#include <functional>

#include "absl/status/status.h"

namespace CLI {
class App;
}  // namespace CLI

namespace muster::app {

struct Command {
  const CLI::App* name;      // Whether it was called.
  std::function<int()> run;  // Blocks until it is done; the process's exit code.
};

Command AddInitCommand(CLI::App& program);
Command AddServeCommand(CLI::App& program);
Command AddBackupCommand(CLI::App& program);
Command AddRestoreCommand(CLI::App& program);
Command AddCheckCommand(CLI::App& program);
Command AddHealthCommand(CLI::App& program);
Command AddRecoverCommand(CLI::App& program);   // `operator recover`
Command AddSelftestCommand(CLI::App& program);  // `selftest secrets`
Command AddDoorCommand(CLI::App& program);      // Started by serve; no command for people.

// Says why on the standard error, as every command does, and returns the exit code of a failure.
int CommandFailed(const absl::Status& status);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_COMMANDS_COMMANDS_H_
