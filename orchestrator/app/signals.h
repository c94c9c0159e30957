// The signals that stop the daemon. One source per system.
#ifndef MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
#define MUSTER_ORCHESTRATOR_APP_SIGNALS_H_

namespace muster::app {

// Before other threads start: from here on SIGINT and SIGTERM wait for AwaitStopSignal.
void HoldStopSignals();
// Blocks until the first of them. From then on a second one ends the process at once with
// `forced_exit_code`.
void AwaitStopSignal(int forced_exit_code);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
