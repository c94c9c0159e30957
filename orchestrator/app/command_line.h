// muster-orchestrator's command line; its commands stand in commands/.
#ifndef MUSTER_ORCHESTRATOR_APP_COMMAND_LINE_H_
#define MUSTER_ORCHESTRATOR_APP_COMMAND_LINE_H_

namespace muster::app {

enum ExitCode {
  kExitStopped = 0,
  kExitStartFailed = 1,
  kExitUsage = 2,         // Or configuration.
  kExitStoreLost = 3,     // While running.
  kExitForced = 4,        // By a second signal.
  kExitListenerLost = 5,  // While running.
};

// Parses, runs, and returns the exit code. Call it before any thread was started.
int RunCommandLine(int argc, char** argv);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_COMMAND_LINE_H_
