// The signals that this program takes in hand.
#ifndef MUSTER_WORKER_PLATFORM_SIGNALS_H_
#define MUSTER_WORKER_PLATFORM_SIGNALS_H_

#include <functional>
#include <memory>

namespace muster::worker {

// From here on a write that cannot be done (a closed pipe, a file at the limit of its size) is an
// error of that call, not the end of the process.
void IgnoreFailedWrites();

// Made once, by main, before other threads start. The first SIGINT or SIGTERM calls `on_stop` (on a
// thread of its own); a second one ends the process at once with exit code 4.
class StopSignals {
 public:
  virtual ~StopSignals() = default;  // Later signals find no one; call it at the end of main only.
};
std::unique_ptr<StopSignals> WatchStopSignals(std::function<void()> on_stop);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_SIGNALS_H_
