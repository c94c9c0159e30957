#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/thread_name.h"
#include "orchestrator/app/signals.h"

namespace muster::app {
namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void WaitForOne() {
  const sigset_t set = StopSignals();
  int number = 0;
  while (sigwait(&set, &number) != 0) {
  }
}

}  // namespace

void IgnoreFailedWrites() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void HoldStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // Threads that start later inherit it.
}

void AwaitStopSignal(int forced_exit_code) {
  WaitForOne();
  std::thread([forced_exit_code] {
    SetThreadName("signals");
    WaitForOne();
    _exit(forced_exit_code);
  }).detach();  // It ends with the process.
}

}  // namespace muster::app
