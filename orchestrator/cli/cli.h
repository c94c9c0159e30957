// `muster`, the operators' command line: parses, runs one command against the orchestrator, prints.
#ifndef MUSTER_ORCHESTRATOR_CLI_CLI_H_
#define MUSTER_ORCHESTRATOR_CLI_CLI_H_

#include <string>
#include <vector>

#include "orchestrator/cli/environment.h"

namespace muster::cli {

// Runs the command that `args` (without the program's name) says and returns the exit code, see
// exit_code.h. Blocks until the command is done. No exception leaves it.
int RunCli(const std::vector<std::string>& args, CliEnvironment& environment);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CLI_H_
