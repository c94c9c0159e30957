#include "orchestrator/app/orchestrator.h"

#include <grpcpp/impl/service_type.h>

#include <atomic>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/curl_client.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/thread_strand.h"
#include "base/thread_timers.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/listeners.h"
#include "orchestrator/app/master_key_check.h"
#include "orchestrator/core/core.h"
#include "orchestrator/hub/pooled_hub_reader.h"
#include "orchestrator/rpc/admin/admin_services.h"
#include "orchestrator/rpc/admin/rollout_watchers.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/roles.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

// Workers say little; a Hello with an unusual journal is some kilobytes.
constexpr int kMaxWorkerMessage = 256 << 10;

std::string OrElse(const std::string& value, const std::string& otherwise) {
  return value.empty() ? otherwise : value;
}

std::string HostPort(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

}  // namespace

// In order of need: each part borrows from those above it.
struct Orchestrator::Parts {
  Parts(OrchestratorOptions o, DataDirectory d) : options(std::move(o)), directory(std::move(d)) {}

  absl::Status Open();
  absl::Status StartCore();
  absl::Status Listen();
  void OnStoreLost(const absl::Status& why);
  void SetServing(bool serving);
  void Stop();
  rpc::AdminDependencies AdminParts() {
    return {.roles = *roles,
            .operations = core->operations(),
            .control = core->control(),
            .authority = directory.authority,
            .store = *store,
            .sessions = *sessions,
            .watchers = *watchers,
            .long_calls = long_calls,
            .pool = *read_pool,
            .clock = clock,
            .random = random,
            .bootstrap_address = endpoints.bootstrap_address,
            .start_time = clock.Now()};
  }

  const OrchestratorOptions options;
  const Clock& clock = SystemClock();
  Random& random = crypto::SecureRandom();
  DataDirectory directory;
  Endpoints endpoints;
  std::atomic<bool> store_lost = false;
  std::atomic<bool> listening = false;  // The list of listeners is complete.
  bool stopped = false;

  std::unique_ptr<store::Store> store;
  std::unique_ptr<secrets::SealedKeyVault> vault;
  std::unique_ptr<rpc::RoleTable> roles;
  http::CurlClient http;
  std::unique_ptr<hub::PooledHubReader> hub_reader;
  std::unique_ptr<rpc::SessionRegistry> sessions;
  std::unique_ptr<rpc::RolloutWatchers> watchers;
  rpc::LongCalls long_calls;
  std::unique_ptr<core::Core> core;
  // Threads, which call into all above.
  std::unique_ptr<ThreadStrand> strand;
  std::unique_ptr<BlockingPool> disk;
  std::unique_ptr<BlockingPool> read_pool;
  std::unique_ptr<BlockingPool> hub_pool;
  std::unique_ptr<ThreadTimers> timers;
  std::vector<std::unique_ptr<Listener>> listeners;
};

absl::Status Orchestrator::Parts::Open() {
  ASSIGN_OR_RETURN(auto table, rpc::RoleTable::Create(rpc::ServiceFiles()));
  roles = std::make_unique<rpc::RoleTable>(std::move(table));
  ASSIGN_OR_RETURN(vault, secrets::SealedKeyVault::Create(std::move(directory.master_key), random));
  auto opened = store::SqliteStore::Open({.path = directory.paths.database(),
                                          .backup_dir = directory.paths.backups(),
                                          .now = clock.Now()});
  if (!opened.ok()) return EnsureCode(opened.status(), FailureCode::kStoreUnusable);
  store = *std::move(opened);
  RETURN_IF_ERROR(CheckMasterKey(*store, *vault));
  strand = std::make_unique<ThreadStrand>("control");
  disk = std::make_unique<BlockingPool>("disk", 1);
  read_pool = std::make_unique<BlockingPool>("reads", options.read_threads);
  hub_pool = std::make_unique<BlockingPool>("hubs", options.hub_threads);
  timers = std::make_unique<ThreadTimers>(clock);
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

absl::Status Orchestrator::Parts::Listen() {
  ASSIGN_OR_RETURN(const identity::IssuedServer server,
                   directory.authority.IssueServer(directory.addresses));
  const rpc::TlsServerIdentity identity{server.certificate_pem, server.private_key_pem.Clone()};
  const std::string& clients = directory.authority.bundle_pem();
  const std::string host =
      OrElse(options.public_address,
             directory.addresses.empty() ? "localhost" : directory.addresses.front());
  const auto add = [this](ListenerOptions listener) -> absl::StatusOr<int> {
    ASSIGN_OR_RETURN(auto started, Listener::Start(std::move(listener)));
    listeners.push_back(std::move(started));
    return listeners.back()->port();
  };
  const auto one = [](std::unique_ptr<grpc::Service> service) {
    std::vector<std::unique_ptr<grpc::Service>> services;
    services.push_back(std::move(service));
    return services;
  };

  const rpc::WorkerServiceDependencies workers{.sessions = *sessions,
                                               .events = core->worker_events(),
                                               .admission = core->operations().admission,
                                               .authority = directory.authority,
                                               .store = *store,
                                               .pool = *read_pool,
                                               .clock = clock};
  ASSIGN_OR_RETURN(endpoints.session_port,
                   add({.name = "session",
                        .address = options.session_listen,
                        .credentials = rpc::MutualTlsServerCredentials(identity, clients),
                        .services = one(rpc::MakeSessionService(workers)),
                        .max_request_bytes = kMaxWorkerMessage}));
  endpoints.session_address =
      OrElse(options.public_session_address, HostPort(host, endpoints.session_port));
  ASSIGN_OR_RETURN(endpoints.bootstrap_port,
                   add({.name = "bootstrap",
                        .address = options.bootstrap_listen,
                        .credentials = rpc::TlsServerCredentials(identity),
                        .services = one(rpc::MakeBootstrapService(
                            workers, {.session_address = endpoints.session_address,
                                      .calls_per_minute = options.bootstrap_calls_per_minute})),
                        .max_request_bytes = kMaxWorkerMessage}));
  endpoints.bootstrap_address =
      OrElse(options.public_bootstrap_address, HostPort(host, endpoints.bootstrap_port));
  ASSIGN_OR_RETURN(endpoints.admin_port,
                   add({.name = "admin",
                        .address = options.admin_listen,
                        .credentials = rpc::MutualTlsServerCredentials(identity, clients),
                        .services = rpc::MakeAdminServices(rpc::Door::kMutualTls, AdminParts()),
                        .reflection = true}));
  endpoints.admin_address =
      OrElse(options.public_admin_address, HostPort(host, endpoints.admin_port));
  endpoints.admin_socket = OrElse(options.admin_socket, directory.paths.admin_socket());
  RETURN_IF_ERROR(add({.name = "admin socket",
                       .address = absl::StrCat("unix:", endpoints.admin_socket),
                       .credentials = rpc::LocalServerCredentials(),
                       .services = rpc::MakeAdminServices(rpc::Door::kLocalSocket, AdminParts()),
                       .reflection = true})
                      .status());
  // The operator directory, unless it was moved away, follows the port.
  if (std::filesystem::exists(directory.paths.operators("address"))) {
    const absl::Status written =
        ReplaceFile(directory.paths.operators("address"), endpoints.admin_address + "\n");
    if (!written.ok()) return EnsureCode(written, FailureCode::kSystemDataDir);
  }
  return absl::OkStatus();
}

void Orchestrator::Parts::SetServing(bool serving) {
  for (const auto& listener : listeners) listener->SetServing(serving);
}

void Orchestrator::Parts::OnStoreLost(const absl::Status& why) {
  log::Error("store lost: no more changes until a restart", {{"reason", why}});
  store_lost = true;
  const absl::Status read_only = FailureStatus(FailureCode::kStoreReadOnly, why.message());
  sessions->EndAll(read_only);
  long_calls.EndAll(read_only);
  if (listening) SetServing(false);
}

void Orchestrator::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  SetServing(false);
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
  if (read_pool != nullptr) read_pool->Stop();
  timers.reset();
  listeners.clear();
  core.reset();
  store.reset();
}

absl::StatusOr<std::unique_ptr<Orchestrator>> Orchestrator::Create(OrchestratorOptions options) {
  RouteGrpcLog();
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
