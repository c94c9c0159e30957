#include "orchestrator/app/run_serve.h"

#include <unistd.h>

#include <atomic>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/log_level_file.h"
#include "base/log_writer.h"
#include "base/mutex.h"
#include "base/platform/service_manager.h"
#include "base/platform/signals.h"
#include "base/status_macros.h"
#include "base/timed_flag.h"
#include "orchestrator/app/command_line.h"
#include "orchestrator/app/data_directory.h"

namespace muster::app {
namespace {

// Why and when the process ends, and what it reloads until then.
class StopRequest {
 public:
  void OnSignal() {
    signaled_.Set();
    due_.Set();
  }
  void OnStoreLost() {
    lost_ = true;
    due_.Set();
  }
  void OnListenerLost() {
    listener_lost_ = true;
    due_.Set();
    signaled_.Set();
  }
  bool listener_lost() const { return listener_lost_; }
  // From `Serve` to `Serve(nullptr)` there is something to reload.
  void Serve(Orchestrator* orchestrator) {
    MutexLock lock(&reload_mu_);
    orchestrator_ = orchestrator;
  }
  void OnReload() {
    MutexLock lock(&reload_mu_);
    if (orchestrator_ != nullptr) orchestrator_->Reload();
  }
  // Of a process that a second signal ends: it does not wait for what the first one began.
  int forced_exit_code() const { return lost_ ? kExitStoreLost : kExitForced; }
  // Blocks until a signal, or `linger` after the loss of the store. Until one of them comes,
  // `meanwhile` is called `every` so often.
  void Await(absl::Duration linger, absl::Duration every, const std::function<void()>& meanwhile) {
    while (!due_.Await(every)) meanwhile();
    signaled_.Await(linger);
  }

 private:
  TimedFlag due_;
  TimedFlag signaled_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> listener_lost_ = false;
  Mutex reload_mu_;
  Orchestrator* orchestrator_ ABSL_GUARDED_BY(reload_mu_) = nullptr;
};

int FailStart(const absl::Status& status) {
  std::cerr << "muster-orchestrator: " << status.message() << "\n";
  return kExitStartFailed;
}

absl::Status WritePortFile(const std::string& path, const Endpoints& at) {
  const nlohmann::json json = {{"session", at.session_port},
                               {"bootstrap", at.bootstrap_port},
                               {"admin", at.admin_port},
                               {"health", at.health_port},
                               {"metrics", at.metrics_port},
                               {"session_address", at.session_address},
                               {"bootstrap_address", at.bootstrap_address},
                               {"admin_address", at.admin_address},
                               {"admin_socket", at.admin_socket},
                               {"pid", getpid()}};
  return ReplaceFile(path,
                     json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

int RunServe(ServeOptions options) {
  StopRequest stop;
  const std::string data_dir = options.orchestrator.data_dir;
  const auto signals =
      WatchSignals({.on_stop = [&stop] { stop.OnSignal(); },
                    .on_reload =
                        [&] {
                          log::ApplyLevelFile(data_dir, options.log_level);
                          stop.OnReload();
                          log::Info("reloaded");
                        },
                    .forced_exit_code = [&stop] { return stop.forced_exit_code(); }});
  std::optional<log::BackgroundWriter> log_writer(std::in_place);
  const auto fail = [&log_writer](const absl::Status& why) {
    log_writer.reset();  // The last words are the last line.
    return FailStart(why);
  };
  log::ApplyLevelFile(data_dir, options.log_level);
  options.orchestrator.on_store_lost = [&stop] { stop.OnStoreLost(); };
  // Said in the log already.
  options.orchestrator.on_listener_lost = [&stop](const absl::Status&) { stop.OnListenerLost(); };
  auto orchestrator = Orchestrator::Create(std::move(options.orchestrator));
  if (!orchestrator.ok()) return fail(orchestrator.status());
  if (!options.port_file.empty()) {
    const absl::Status written = WritePortFile(options.port_file, (*orchestrator)->endpoints());
    if (!written.ok()) return fail(Annotate(written, "--port-file"));
  }
  stop.Serve(orchestrator->get());
  TellServiceManager("READY=1");  // Recovered, and listening.
  stop.Await(options.store_lost_linger, WatchdogInterval(), [&orchestrator] {
    if ((*orchestrator)->alive()) TellServiceManager("WATCHDOG=1");
  });
  TellServiceManager("STOPPING=1");
  stop.Serve(nullptr);
  log::Info("stopping");
  (*orchestrator)->Stop();
  log::Info("stopped");
  if ((*orchestrator)->store_lost()) return kExitStoreLost;
  return stop.listener_lost() ? kExitListenerLost : kExitStopped;
}

}  // namespace muster::app
