#include "orchestrator/app/run_serve.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "orchestrator/app/command_line.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/signals.h"

namespace muster::app {
namespace {

// Why and when the process ends, and what it reloads until then. Signals may come until the last moment, so it is never destroyed.
class StopRequest {
 public:
  // The second signal does not wait for what the first one began.
  void OnSignal() {
    MutexLock lock(&mu_);
    if (std::exchange(signaled_, true)) _exit(lost_ ? kExitStoreLost : kExitForced);
  }
  void OnStoreLost() {
    MutexLock lock(&mu_);
    lost_ = true;
  }
  // From `Serve` to `Serve(nullptr)` there is something to reload.
  void Serve(Orchestrator* orchestrator) {
    MutexLock lock(&reload_mu_);
    orchestrator_ = orchestrator;
  }
  void OnReload() {
    MutexLock lock(&reload_mu_);
    if (orchestrator_ == nullptr) return;
    orchestrator_->Reload();
    log::Info("reloaded");
  }
  // Blocks until a signal, or `linger` after the loss of the store.
  void Await(absl::Duration linger) {
    MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](StopRequest* self)
             ABSL_NO_THREAD_SAFETY_ANALYSIS { return self->signaled_ || self->lost_; },
        this));
    mu_.AwaitWithTimeout(absl::Condition(&signaled_), linger);
  }

 private:
  Mutex mu_;
  bool signaled_ ABSL_GUARDED_BY(mu_) = false;
  bool lost_ ABSL_GUARDED_BY(mu_) = false;
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
                               {"session_address", at.session_address},
                               {"bootstrap_address", at.bootstrap_address},
                               {"admin_address", at.admin_address},
                               {"admin_socket", at.admin_socket},
                               {"pid", getpid()}};
  return ReplaceFile(path, json.dump(2) + "\n");
}

}  // namespace

int RunServe(ServeOptions options) {
  auto* const stop = new StopRequest;
  HandleSignals(
      {.on_stop = [stop] { stop->OnSignal(); }, .on_reload = [stop] { stop->OnReload(); }});
  options.orchestrator.on_store_lost = [stop] { stop->OnStoreLost(); };
  auto orchestrator = Orchestrator::Create(std::move(options.orchestrator));
  if (!orchestrator.ok()) return FailStart(orchestrator.status());
  if (!options.port_file.empty()) {
    const absl::Status written = WritePortFile(options.port_file, (*orchestrator)->endpoints());
    if (!written.ok()) return FailStart(Annotate(written, "--port-file"));
  }
  stop->Serve(orchestrator->get());
  stop->Await(options.store_lost_linger);
  stop->Serve(nullptr);
  log::Info("stopping");
  (*orchestrator)->Stop();
  log::Info("stopped");
  return (*orchestrator)->store_lost() ? kExitStoreLost : kExitStopped;
}

}  // namespace muster::app
