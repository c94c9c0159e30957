// The signals that a daemon takes in hand: both daemons answer them in the same way.
//
//   SIGINT, SIGTERM   stop, in order; a second one ends the process at once
//   SIGHUP            read again what can be read again; never ends a daemon
//   SIGPIPE, SIGXFSZ  ignored: a write that cannot be done is an error of that call
#ifndef MUSTER_BASE_PLATFORM_SIGNALS_H_
#define MUSTER_BASE_PLATFORM_SIGNALS_H_

#include <functional>
#include <memory>

namespace muster {

// From here on a write that cannot be done (a closed pipe, a file at the limit of its size) is an
// error of that call, not the end of the process.
void IgnoreFailedWrites();

// Held by main for as long as it runs. Its destruction is for tests: afterwards the signals wait
// for the next watch.
class SignalWatch {
 public:
  virtual ~SignalWatch() = default;
};

struct SignalActions {
  std::function<void()> on_stop;    // At the first SIGINT or SIGTERM.
  std::function<void()> on_reload;  // At each SIGHUP until then; null: it is ignored.
  // Of the process that a second stop signal ends, asked for then. Null: 4.
  std::function<int()> forced_exit_code;
};

// By main, before other threads start: they inherit that these signals wait. Actions are called one
// at a time on a thread of the watch; they may block, but a second stop signal is then not seen.
std::unique_ptr<SignalWatch> WatchSignals(SignalActions actions);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_SIGNALS_H_
