#include <CLI/CLI.hpp>
#include <memory>

#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/door_process.h"

namespace muster::app {

Command AddDoorCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand("door", "Of serve itself.")->group("");
  struct Flags {
    DoorArguments arguments;
    LogFlags log;
  };
  const auto flags = std::make_shared<Flags>();
  command->add_option("--parent", flags->arguments.parent)->required();
  command->add_option("--listeners", flags->arguments.listeners)
      ->check(CLI::Range(1, 32))
      ->required();
  FlagGroup log(*command);
  AddLogFlags(log, flags->log);
  return {command, [flags] {
            ConfigureLog(flags->log);
            return RunDoor(flags->arguments);
          }};
}

}  // namespace muster::app
