#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

#include "base/thread_name.h"
#include "orchestrator/app/signals.h"

namespace muster::app {

void IgnoreFailedWrites() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void HandleSignals(SignalHandlers handlers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // Threads that start later inherit it.
  std::thread([set, handlers = std::move(handlers)] {
    SetThreadName("signals");
    while (true) {
      int number = 0;
      if (sigwait(&set, &number) != 0) continue;
      (number == SIGHUP ? handlers.on_reload : handlers.on_stop)();
    }
  }).detach();
}

}  // namespace muster::app
