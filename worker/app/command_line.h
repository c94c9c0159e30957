// The flags of muster-worker and their help.
#ifndef MUSTER_WORKER_APP_COMMAND_LINE_H_
#define MUSTER_WORKER_APP_COMMAND_LINE_H_

namespace muster::worker {

// Parses, runs the command, and returns the process's exit code (app/commands.h).
int RunCommandLine(int argc, char** argv);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_COMMAND_LINE_H_
