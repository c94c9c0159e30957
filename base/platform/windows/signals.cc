#include "base/platform/signals.h"

#include <windows.h>

#include <atomic>
#include <thread>
#include <utility>

#include "base/platform/thread_name.h"
#include "base/platform/windows/handle.h"
#include "base/platform/windows/stop_requests.h"

namespace muster {
namespace {

constexpr int kForcedExitCode = 4;
// How long Windows waits for what handles the closing of a console or a shutdown, and some more.
constexpr DWORD kClosingMs = 30'000;

// One count for each request, so that none is lost and two are two.
HANDLE StopCount() {
  static const HANDLE count = CreateSemaphoreW(nullptr, 0, 1000, nullptr);
  return count;
}
HANDLE ReloadCount() {
  static const HANDLE count = CreateSemaphoreW(nullptr, 0, 1000, nullptr);
  return count;
}

void CountStop() { ReleaseSemaphore(StopCount(), 1, nullptr); }

// A shutdown is told by the service manager and by the console; the second is no second signal.
std::atomic<bool> g_stop_requested = false;

BOOL WINAPI OnConsoleEvent(DWORD event) {
  switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
      CountStop();
      return TRUE;
    case CTRL_LOGOFF_EVENT:  // Of whoever logs off; services hear of everybody.
      return TRUE;
    default:
      RequestStop();
      // When this returns the process ends, whatever it is doing.
      Sleep(kClosingMs);
      return TRUE;
  }
}

class WindowsSignalWatch final : public SignalWatch {
 public:
  explicit WindowsSignalWatch(SignalActions actions)
      : actions_(std::move(actions)), ended_(CreateEventW(nullptr, TRUE, FALSE, nullptr)) {
    SetConsoleCtrlHandler(OnConsoleEvent, TRUE);
    thread_ = std::thread([this] { Watch(); });
  }
  ~WindowsSignalWatch() override {
    SetEvent(ended_.get());
    thread_.join();
    SetConsoleCtrlHandler(OnConsoleEvent, FALSE);
    g_stop_requested = false;
  }

 private:
  void Watch() {
    SetThreadName("signals");
    const HANDLE events[] = {ended_.get(), StopCount(), ReloadCount()};
    bool stopping = false;
    while (true) {
      const DWORD which = WaitForMultipleObjects(3, events, FALSE, INFINITE);
      if (which == WAIT_OBJECT_0 || which == WAIT_FAILED) return;
      if (which == WAIT_OBJECT_0 + 2) {
        if (!stopping && actions_.on_reload) actions_.on_reload();
        continue;
      }
      if (stopping) {
        TerminateProcess(GetCurrentProcess(),
                         static_cast<UINT>(actions_.forced_exit_code ? actions_.forced_exit_code()
                                                                     : kForcedExitCode));
      }
      stopping = true;
      if (actions_.on_stop) actions_.on_stop();
    }
  }

  const SignalActions actions_;
  const Handle ended_;
  std::thread thread_;
};

}  // namespace

void RequestStop() {
  if (!g_stop_requested.exchange(true)) CountStop();
}
void RequestReload() { ReleaseSemaphore(ReloadCount(), 1, nullptr); }

// A write that cannot be done is an error of that call here anyway.
void IgnoreFailedWrites() {}

std::unique_ptr<SignalWatch> WatchSignals(SignalActions actions) {
  return std::make_unique<WindowsSignalWatch>(std::move(actions));
}

}  // namespace muster
