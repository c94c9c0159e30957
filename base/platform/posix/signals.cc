#include "base/platform/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>

#include "base/platform/thread_name.h"

namespace muster {
namespace {

constexpr int kForcedExitCode = 4;

class PosixSignalWatch final : public SignalWatch {
 public:
  explicit PosixSignalWatch(SignalActions actions) : actions_(std::move(actions)) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);  // Threads that start later inherit it.
    thread_ = std::thread([this] { Watch(); });
  }
  ~PosixSignalWatch() override {
    ended_ = true;
    // It is blocked in all threads: sigwait takes it, and nothing is terminated.
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  void Watch() {
    SetThreadName("signals");
    bool stopping = false;
    while (true) {
      int number = 0;
      if (sigwait(&set_, &number) != 0) continue;
      if (ended_) return;
      if (number == SIGHUP) {
        if (!stopping && actions_.on_reload) actions_.on_reload();
        continue;
      }
      if (stopping)
        _exit(actions_.forced_exit_code ? actions_.forced_exit_code() : kForcedExitCode);
      stopping = true;
      if (actions_.on_stop) actions_.on_stop();
    }
  }

  const SignalActions actions_;
  sigset_t set_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

void IgnoreFailedWrites() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

std::unique_ptr<SignalWatch> WatchSignals(SignalActions actions) {
  return std::make_unique<PosixSignalWatch>(std::move(actions));
}

}  // namespace muster
