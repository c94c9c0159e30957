// The flags of muster-worker and their help.
#ifndef MUSTER_WORKER_APP_COMMAND_LINE_H_
#define MUSTER_WORKER_APP_COMMAND_LINE_H_

#include <string>
#include <vector>

namespace muster::worker {

// Parses what stands behind the program's name, runs the command, and returns the process's exit
// code (app/commands.h).
int RunCommandLine(std::vector<std::string> arguments);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_COMMAND_LINE_H_
