#include "orchestrator/app/orchestrator.h"

#include <filesystem>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/app/master_key_check.h"
#include "orchestrator/app/orchestrator_parts.h"
#include "proto/rpc/grpc_log.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

absl::Status CheckDisk(const DataPaths& paths) {
  std::error_code error;
  const auto log = std::filesystem::file_size(paths.database() + "-wal", error);
  const auto free = FreeBytes(paths.root);
  if (!free.ok()) return EnsureCode(free.status(), FailureCode::kSystemDataDir);
  return CheckFreeBytes(paths.root, *free, BytesNeededToStart(error ? 0 : int64_t(log)));
}

}  // namespace

absl::Status Orchestrator::Parts::Open() {
  ASSIGN_OR_RETURN(auto table, rpc::RoleTable::Create(rpc::ServiceFiles()));
  roles = std::make_unique<rpc::RoleTable>(std::move(table));
  ASSIGN_OR_RETURN(vault, secrets::SealedKeyVault::Create(std::move(directory.master_key), random));
  RETURN_IF_ERROR(CheckDisk(directory.paths));
  auto opened = store::SqliteStore::Open({.path = directory.paths.database(),
                                          .backup_dir = directory.paths.backups(),
                                          .now = clock.Now()});
  if (!opened.ok()) return EnsureCode(opened.status(), FailureCode::kStoreUnusable);
  store = *std::move(opened);
  RETURN_IF_ERROR(CheckMasterKey(*store, *vault));
  strand = std::make_unique<ThreadStrand>("control");
  disk = std::make_unique<BlockingPool>("disk", 1);
  read_pool = std::make_unique<BlockingPool>("reads", options.read_threads);
  admission_pool = std::make_unique<BlockingPool>("admission", options.admission_threads);
  hub_pool = std::make_unique<BlockingPool>("hubs", options.hub_threads);
  timers = std::make_unique<ThreadTimers>(clock);
  disk_watch = std::make_unique<DiskWatch>(
      DiskWatchOptions{.directory = directory.paths.root, .warn_below = options.disk_warning_bytes},
      clock, *timers, *admission_pool);
  hub_reader = std::make_unique<hub::PooledHubReader>(*hub_pool, http, *vault, clock);
  sessions = std::make_unique<rpc::SessionRegistry>(clock, *timers, options.sessions);
  watchers = std::make_unique<rpc::RolloutWatchers>(clock, *timers);
  core::CoreOptions core_options = options.core;
  core_options.on_store_lost = [this](const absl::Status& why) { OnStoreLost(why); };
  core = std::make_unique<core::Core>(core::CoreDependencies{.store = *store,
                                                             .strand = *strand,
                                                             .disk = disk.get(),
                                                             .clock = clock,
                                                             .timers = *timers,
                                                             .random = random,
                                                             .vault = *vault,
                                                             .hub_reader = *hub_reader,
                                                             .workers = *sessions,
                                                             .watch = *watchers,
                                                             .options = std::move(core_options)});
  RETURN_IF_ERROR(StartCore());
  sessions->Start();
  disk_watch->Start();
  return absl::OkStatus();
}

// On the strand: what recovery sets in motion is posted there and waits until recovery is over.
absl::Status Orchestrator::Parts::StartCore() {
  absl::Status status;
  absl::Notification started;
  strand->Post([&] {
    status = core->Start();
    started.Notify();
  });
  started.WaitForNotification();
  return status;
}

void Orchestrator::Parts::SetServing(bool serving) {
  for (const auto& listener : listeners) listener->SetServing(serving);
}

void Orchestrator::Parts::OnStoreLost(const absl::Status& why) {
  log::Error("store lost: no more changes; the process ends soon", {{"reason", why}});
  store_lost = true;
  const absl::Status read_only = FailureStatus(FailureCode::kStoreReadOnly, why.message());
  sessions->EndAll(read_only);
  long_calls.EndAll(read_only);
  if (listening) SetServing(false);
  if (options.on_store_lost) options.on_store_lost();
}

void Orchestrator::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  for (const auto& listener : listeners) listener->Drain();
  const absl::Status why = absl::UnavailableError("the orchestrator is stopping; reconnect");
  if (sessions != nullptr) sessions->EndAll(why);
  if (watchers != nullptr) watchers->EndAll(why);
  http.Stop();             // Readings of hubs end now,
  long_calls.EndAll(why);  // and nobody waits for them.
  const absl::Time deadline = absl::Now() + options.stop_deadline;
  for (auto it = listeners.rbegin(); it != listeners.rend(); ++it) (*it)->Stop(deadline);
  if (core != nullptr) core->Stop();
  if (sessions != nullptr) sessions->Stop();
  if (strand != nullptr) strand->Stop();
  if (disk != nullptr) disk->Stop();
  if (hub_pool != nullptr) hub_pool->Stop();
  if (admission_pool != nullptr) admission_pool->Stop();
  if (read_pool != nullptr) read_pool->Stop();
  timers.reset();
  listeners.clear();
  core.reset();
  store.reset();
}

absl::StatusOr<std::unique_ptr<Orchestrator>> Orchestrator::Create(OrchestratorOptions options) {
  rpc::RouteGrpcLog();
  ASSIGN_OR_RETURN(auto directory,
                   OpenDataDirectory(options.data_dir, SystemClock(), crypto::SecureRandom()));
  auto parts = std::make_unique<Parts>(std::move(options), std::move(directory));
  // From here on the destructor stops what has started, in order.
  std::unique_ptr<Orchestrator> orchestrator(new Orchestrator(std::move(parts)));
  RETURN_IF_ERROR(orchestrator->parts_->Open());
  RETURN_IF_ERROR(orchestrator->parts_->Listen());
  orchestrator->parts_->listening = true;
  orchestrator->parts_->SetServing(!orchestrator->store_lost());
  const Endpoints& at = orchestrator->endpoints();
  log::Info("orchestrator is ready", {{"version", MUSTER_VERSION},
                                      {"sessions", at.session_address},
                                      {"bootstrap", at.bootstrap_address},
                                      {"admin", at.admin_address},
                                      {"socket", at.admin_socket}});
  return orchestrator;
}

Orchestrator::Orchestrator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Orchestrator::~Orchestrator() { Stop(); }

const Endpoints& Orchestrator::endpoints() const { return parts_->endpoints; }
bool Orchestrator::store_lost() const { return parts_->store_lost; }
int Orchestrator::sessions() const { return parts_->sessions->Count(); }
void Orchestrator::Stop() { parts_->Stop(); }

}  // namespace muster::app
