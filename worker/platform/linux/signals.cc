#include "worker/platform/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>

#include "base/thread_name.h"

namespace muster::worker {
namespace {

constexpr int kForcedExitCode = 4;

class PosixStopSignals final : public StopSignals {
 public:
  explicit PosixStopSignals(std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);  // Threads that start later inherit it.
    thread_ = std::thread([this] { Watch(); });
  }
  ~PosixStopSignals() override {
    ended_ = true;
    // It is blocked in all threads: sigwait takes it, and nothing is terminated.
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  void Watch() {
    SetThreadName("signals");
    for (int seen = 0;; ++seen) {
      int number = 0;
      if (sigwait(&set_, &number) != 0 || ended_) return;
      if (seen > 0) _exit(kForcedExitCode);
      on_stop_();
    }
  }

  const std::function<void()> on_stop_;
  sigset_t set_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

void IgnoreFailedWrites() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

std::unique_ptr<StopSignals> WatchStopSignals(std::function<void()> on_stop) {
  return std::make_unique<PosixStopSignals>(std::move(on_stop));
}

}  // namespace muster::worker
