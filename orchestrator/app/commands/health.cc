#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "orchestrator/app/command_line.h"
#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/health_command.h"

namespace muster::app {
namespace {

struct HealthOptions {
  std::string data_dir;
  std::string socket;
  absl::Duration timeout = absl::Seconds(10);
};

int RunHealth(const HealthOptions& options) {
  const HealthAnswer answer = AskHealth(
      options.socket.empty() ? DataPaths(options.data_dir).admin_socket() : options.socket,
      options.timeout);
  std::cout << answer.line << "\n";
  return answer.ready ? kExitStopped : kExitStartFailed;
}

}  // namespace

Command AddHealthCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "health", "Say in one line whether the orchestrator on this machine is ready; 0 or 1.");
  const auto options = std::make_shared<HealthOptions>();
  FlagGroup flags(*command);
  flags.DataDir(options->data_dir, "Of the orchestrator that runs");
  flags.Text("--admin-socket", options->socket, "[admin.sock in the data directory]");
  flags.Duration("--timeout", options->timeout, "For the answer");
  return {command, [options] { return RunHealth(*options); }};
}

}  // namespace muster::app
