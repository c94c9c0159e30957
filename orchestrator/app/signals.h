// The signals that this program takes in hand. One source per system.
#ifndef MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
#define MUSTER_ORCHESTRATOR_APP_SIGNALS_H_

namespace muster::app {

// From here on a write that cannot be done (a closed pipe, a file at the limit of its size) is an
// error of that call, not the end of the process.
void IgnoreFailedWrites();
// Before other threads start: from here on SIGINT and SIGTERM wait for AwaitStopSignal.
void HoldStopSignals();
// Blocks until the first of them. From then on a second one ends the process at once with
// `forced_exit_code`.
void AwaitStopSignal(int forced_exit_code);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
