#include "orchestrator/app/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <vector>

#include "base/platform/signals.h"
#include "orchestrator/app/commands/commands.h"

namespace muster::app {

int CommandFailed(const absl::Status& status) {
  std::cerr << "muster-orchestrator: " << status.message() << "\n";
  return kExitStartFailed;
}

int RunCommandLine(int argc, char** argv) {
  CLI::App program("The Muster orchestrator: inventory, decisions and proof for a fleet.");
  program.set_version_flag("--version", MUSTER_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Exit codes: 0 done or stopped, 1 failed to start, 2 usage, 3 store lost while running, 4 "
      "ended by a second signal, 5 a listener lost while running.");
  // In the order of its help.
  const std::vector<Command> commands = {
      AddInitCommand(program),    AddServeCommand(program),    AddBackupCommand(program),
      AddRestoreCommand(program), AddHealthCommand(program),   AddCheckCommand(program),
      AddRecoverCommand(program), AddSelftestCommand(program), AddDoorCommand(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  IgnoreFailedWrites();
  for (const Command& command : commands) {
    if (command.name->parsed()) return command.run();
  }
  return kExitUsage;  // Not reached: a command is required.
}

}  // namespace muster::app
