// The signals that this program takes in hand. One source per system.
#ifndef MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
#define MUSTER_ORCHESTRATOR_APP_SIGNALS_H_

#include <functional>

namespace muster::app {

// From here on a write that cannot be done (a closed pipe, a file at the limit of its size) is an
// error of that call, not the end of the process.
void IgnoreFailedWrites();

struct SignalHandlers {
  std::function<void()> on_stop;    // SIGINT or SIGTERM, each time.
  std::function<void()> on_reload;  // SIGHUP, each time.
};
// Before other threads start: from here on these signals call the handlers, one at a time, on a
// thread of its own that ends with the process. What the handlers use must live as long.
void HandleSignals(SignalHandlers handlers);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_SIGNALS_H_
