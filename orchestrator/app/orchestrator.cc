#include "orchestrator/app/orchestrator.h"

#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/crypto/locked_keys.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/platform/memory.h"
#include "base/status_macros.h"
#include "base/timed_flag.h"
#include "orchestrator/app/audit_files.h"
#include "orchestrator/app/master_key_check.h"
#include "orchestrator/app/older_note.h"
#include "orchestrator/app/orchestrator_parts.h"
#include "orchestrator/core/operators/rights.h"
#include "proto/rpc/grpc_log.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

// A worker renews from two thirds of its certificate's 30 days on: 10 days before its end.
constexpr absl::Duration kWorkersEndSoon = absl::Hours(24 * 7);
constexpr absl::Duration kLookAtCertificatesEvery = absl::Hours(1);
constexpr absl::Duration kAdminsEndSoon = absl::Hours(24 * 30);

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
  const absl::Status key = CheckMasterKey(*store, *vault);
  if (!key.ok() && (!options.new_master_key || FailureCodeOf(key) != FailureCode::kKeyUnsealable)) {
    return key;
  }
  if (!key.ok()) log::Warning("no secret opens with the new master key", {{"reason", key}});
  ASSIGN_OR_RETURN(audit_key, FileAuditKey::LoadOrMake(directory.paths.audit("key.pem")));
  ASSIGN_OR_RETURN(evidence_key, FileEvidenceKey::LoadOrMake(directory.paths.evidence("key.pem")));
  strand = std::make_unique<ThreadStrand>("control");
  disk = std::make_unique<BlockingPool>("disk", 2);
  head_book = std::make_unique<FileHeadBook>(directory.paths.audit("heads.log"), *disk);
  read_pool = std::make_unique<BlockingPool>("reads", options.read_threads);
  admission_pool = std::make_unique<BlockingPool>("admission", options.admission_threads);
  hub_pool = std::make_unique<BlockingPool>("hubs", 1);
  timers = std::make_unique<ThreadTimers>(clock);
  self_check_pool = std::make_unique<BlockingPool>("self check", 2);
  disk_watch = std::make_unique<DiskWatch>(
      DiskWatchOptions{.directory = directory.paths.root, .warn_below = options.disk_warning_bytes},
      *timers, *self_check_pool);
  memory_return = std::make_unique<MemoryReturn>(
      MemoryReturn::Heap{.resident = ResidentBytes, .give_back = ReturnFreeMemory}, *timers,
      *self_check_pool, clock);
  self_check = std::make_unique<SelfCheck>(
      SelfCheckOptions{.data_dir = directory.paths.root,
                       .interval = options.self_check_interval,
                       .backup_age_warning = options.backup_age_warning},
      SelfCheckDependencies{.store = *store,
                            .disk = *disk_watch,
                            .strand = *strand,
                            .pool = *self_check_pool,
                            .timers = *timers,
                            .clock = clock});
  hub_reader = std::make_unique<hub::HttpHubReader>(*hub_pool, http, *vault, clock);
  sender = std::make_unique<notify::HttpNotificationSender>(*hub_pool, notify_http, notify_http,
                                                            *vault, clock);
  sessions = std::make_unique<rpc::SessionRegistry>(clock, *timers, options.sessions,
                                                    &directory.authority);
  watchers = std::make_unique<api::RolloutWatchers>(clock, *timers);
  revocations = std::make_unique<api::Revocations>(*watchers, long_calls);
  core::CoreOptions core_options = options.core;
  core_options.on_store_lost = [this](const absl::Status& why) { OnStoreLost(why); };
  core_options.on_older = [this](const std::string& seen) { OnOlder(seen); };
  if (const auto older = LoadOlderNote(directory.paths.root)) {
    self_check->Set(CheckOfOlderNote(*older, clock.Now()));
  }
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
                                                             .options = std::move(core_options),
                                                             .audit_key = audit_key.get(),
                                                             .head_book = head_book.get(),
                                                             .operator_watch = revocations.get(),
                                                             .work_watch = &work_counts,
                                                             .sender = sender.get()});
  RETURN_IF_ERROR(LookForOlderDatabase());
  RETURN_IF_ERROR(StartCore());
  sessions->Start();
  disk_watch->Start();
  memory_return->Start();
  return absl::OkStatus();
}

// On the strand: what recovery sets in motion is posted there and waits until recovery is over.
absl::Status Orchestrator::Parts::StartCore() {
  absl::Status status;
  Notification started;
  strand->Post([&] {
    status = core->Start();
    started.Notify();
  });
  started.WaitForNotification();
  return status;
}

// Before anything is written to it.
absl::Status Orchestrator::Parts::LookForOlderDatabase() {
  event_mark = std::make_unique<EventMark>(directory.paths.root, *store);
  ASSIGN_OR_RETURN(const auto gap, event_mark->FindGap());
  if (!gap.has_value()) return absl::OkStatus();
  const std::string seen =
      absl::StrCat("it ends at event ", gap->database, ", and event ", gap->noted,
                   " was in this data directory before: it is an older copy");
  self_check->Set({"database", api::SystemCheck::Result::kWarning, seen,
                   "If it was put back on purpose, workers and hubs settle what it "
                   "does not know; otherwise stop "
                   "the orchestrator and find the newer one."});
  return absl::OkStatus();
}

void Orchestrator::Parts::OnOlder(const std::string& seen) {
  const OlderNote note{clock.Now(), seen};
  self_check->Set(CheckOfOlderNote(note, note.time));
  self_check_pool->Run([this, note] {
    const absl::Status saved = SaveOlderNote(directory.paths.root, note);
    if (!saved.ok()) log::Warning("the data directory takes no note", {{"reason", saved}});
  });
}

void Orchestrator::Parts::LookAtWorkersCertificates() {
  if (clock.Now() < next_look_at_certificates) return;
  next_look_at_certificates = clock.Now() + kLookAtCertificatesEvery;
  const auto snapshot = store->Read();
  const auto ending = snapshot.ok()
                          ? (*snapshot)->certificates().CountEnding(clock.Now() + kWorkersEndSoon)
                          : snapshot.status();
  if (!ending.ok()) return;  // The store's own check speaks of it.
  using Result = api::SystemCheck::Result;
  if (*ending == 0) {
    self_check->Set({"workers' certificates", Result::kOk, "none ends within 7 days", "", true});
    return;
  }
  self_check->Set(
      {"workers' certificates", Result::kWarning,
       absl::StrCat(*ending, " of admitted servers ended or end within 7 days"),
       "Start those workers ('muster server list' says who is offline): a connected one "
       "renews by itself. One whose certificate has ended needs a new token.",
       true});
}

void Orchestrator::Parts::LookAtOperators() {
  const auto snapshot = store->Read();
  const auto operators = snapshot.ok() ? (*snapshot)->operators().List() : snapshot.status();
  if (!operators.ok()) return;  // The store's own check speaks of it.
  const core::AdminOutlook outlook = core::LookAtAdmins(*operators, clock.Now());
  using Result = api::SystemCheck::Result;
  const std::string seen =
      outlook.usable == 0
          ? "no provider_admin can come in"
          : absl::StrCat(outlook.usable,
                         outlook.usable == 1 ? " provider_admin" : " provider_admins",
                         " can come in, the last until ",
                         absl::FormatTime("%Y-%m-%d", outlook.last_end, absl::UTCTimeZone()));
  if (outlook.last_end - clock.Now() > kAdminsEndSoon) {
    self_check->Set({"operators", Result::kOk, seen, ""});
  } else if (outlook.usable > 0) {
    self_check->Set({"operators", Result::kWarning, seen,
                     "Have a provider_admin run 'muster operator renew'."});
  } else {
    self_check->Set({"operators", Result::kWarning, seen,
                     "As root on the orchestrator's machine run 'muster-orchestrator operator "
                     "recover'."});
  }
}

// Once: it does not change.
void Orchestrator::Parts::LookAtKeys() {
  using Result = api::SystemCheck::Result;
  if (vault->key_is_locked() && crypto::KeysAreInLockedMemory()) {
    return self_check->Set({"keys in memory", Result::kOk, "never in swap space", ""});
  }
  self_check->Set({"keys in memory", Result::kWarning, "the system may write them to swap space",
                   "Raise the limit of locked memory to 8 MiB (LimitMEMLOCK=), or have no swap "
                   "space that is not encrypted."});
}

void Orchestrator::Parts::StartSelfCheck() {
  LookAtKeys();
  listener_not_after = listener_certificate.not_after;
  self_check->Add(ExpiryCheck{
      "certificate authority", [this] { return directory.authority.not_after(); },
      absl::Hours(24 * 60),
      "Begin a new data directory before that day: nothing that it signed outlives it."});
  self_check->Add(ExpiryCheck{"listeners' certificate",
                              [this] { return listener_not_after.load(); }, absl::Hours(24 * 30),
                              "Look for the reason in the log; it is renewed by itself."});
  self_check->OnLook([this] { RenewListenerCertificate(); });
  self_check->OnLook([this] {
    const absl::Status noted = event_mark->Note();
    if (!noted.ok()) log::Debug("the newest event is not noted", {{"reason", noted}});
  });
  self_check->OnLook([this] { LookAtWorkersCertificates(); });
  self_check->OnLook([this] { LookAtOperators(); });
  self_check->OnLook([this] { LookAtConnections(); });
  self_check->OnLook([this] { LookAtNotifications(); });
  self_check->OnLook([this] { TellConditions(); });
  // A reader may find the damage while nothing is written: that, too, is the store's end.
  self_check->OnLook([this] {
    const store::StoreHealth health = store->Health();
    if (health.read_only) OnStoreLost(absl::DataLossError(health.reason));
  });
  // The last: it may take a while, and no look waits for it.
  if (metrics_page != nullptr) self_check->OnLook([this] { metrics_page->Refresh(); });
  self_check->Start();
}

// A channel over which attempts go on failing tells nobody anything; one that is paused shall not.
void Orchestrator::Parts::LookAtNotifications() {
  const auto snapshot = store->Read();
  const auto channels =
      snapshot.ok() ? (*snapshot)->notifications().ListChannels() : snapshot.status();
  if (!channels.ok()) return;  // The store's own check speaks of it.
  using Result = api::SystemCheck::Result;
  std::vector<std::string> failing;
  int paused = 0;
  for (const store::Channel& channel : *channels) {
    if (channel.paused) ++paused;
    if (channel.paused || channel.health.failures < options.core.notify.failures_until_left_alone)
      continue;
    failing.push_back(channel.id.value());
  }
  if (failing.empty()) {
    return self_check->Set({"notifications", Result::kOk,
                            absl::StrCat(channels->size(), " channels, none failing",
                                         paused > 0 ? absl::StrCat(", ", paused, " paused") : ""),
                            "", true});
  }
  self_check->Set({"notifications", Result::kWarning,
                   absl::StrCat("nothing gets through over ", absl::StrJoin(failing, ", ")),
                   "Look with 'muster channel list' at why, mend it, and try with 'muster "
                   "notify test CHANNEL'; 'muster notify list --state failed' shows what was given "
                   "up.",
                   true});
}

// What the self check warns of and somebody may want to be told of. Posted when it is another.
void Orchestrator::Parts::TellConditions() {
  const std::map<std::string, store::NotificationKind> kinds = {
      {"backup", store::NotificationKind::kBackupOld},
      {"certificate authority", store::NotificationKind::kCertificateExpiring},
      {"listeners' certificate", store::NotificationKind::kCertificateExpiring},
      {"workers' certificates", store::NotificationKind::kCertificateExpiring}};
  std::vector<core::SystemCondition> found;
  std::set<std::string> names;
  for (const api::SystemCheck& check : self_check->Report().checks) {
    const auto kind = kinds.find(check.name);
    if (kind == kinds.end() || check.result == api::SystemCheck::Result::kOk) continue;
    found.push_back(
        {kind->second, check.name, absl::StrCat(check.name, ": ", check.seen), check.next});
    names.insert(check.name);
  }
  // Once an hour at any rate: there may be channels since.
  if (names == conditions_told && clock.Now() < next_telling) return;
  next_telling = clock.Now() + absl::Hours(1);
  conditions_told = std::move(names);
  core->TakeSystemConditions(std::move(found));
}

void Orchestrator::Parts::SetServing(bool serving) {
  for (const auto& listener : listeners) listener->SetServing(serving);
}

void Orchestrator::Parts::OnStoreLost(const absl::Status& why) {
  if (store_lost.exchange(true)) return;
  log::Error("store lost: no more changes; the process ends soon", {{"reason", why}});
  const absl::Status read_only = FailureStatus(FailureCode::kStoreReadOnly, why.message());
  sessions->EndAll(read_only);
  long_calls.EndAll(read_only);
  if (listening) SetServing(false);
  if (options.on_store_lost) options.on_store_lost();
}

void Orchestrator::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  http_probe.reset();  // From here on whoever asks finds nobody: not ready.
  metrics_listener.reset();
  for (const auto& listener : listeners) listener->Drain();
  const absl::Status why = absl::UnavailableError("the orchestrator is stopping; reconnect");
  if (sessions != nullptr) sessions->EndAll(why);
  if (watchers != nullptr) watchers->EndAll(why);
  notify_http.Stop();      // What was under way is repeated by the next start.
  http.Stop();             // Readings of hubs end now,
  long_calls.EndAll(why);  // and nobody waits for them.
  const absl::Time deadline = absl::Now() + options.stop_deadline;
  for (auto it = listeners.rbegin(); it != listeners.rend(); ++it) (*it)->Stop(deadline);
  if (core != nullptr && listening && !store_lost) {
    // Waited for: what a stopped strand has not begun it drops.
    const auto is_signed = std::make_shared<TimedFlag>();
    core->SignAudit([is_signed](const absl::Status&) { is_signed->Set(); });
    is_signed->Await(options.stop_deadline);
  }
  if (core != nullptr) core->Stop();
  if (sessions != nullptr) sessions->Stop();
  if (strand != nullptr) strand->Stop();
  if (disk != nullptr) disk->Stop();
  if (hub_pool != nullptr) hub_pool->Stop();
  if (self_check_pool != nullptr) self_check_pool->Stop();
  if (admission_pool != nullptr) admission_pool->Stop();
  if (read_pool != nullptr) read_pool->Stop();
  if (event_mark != nullptr && !store_lost) (void)event_mark->Note();
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
  orchestrator->parts_->StartSelfCheck();
  const Endpoints& at = orchestrator->endpoints();
  log::Info("orchestrator is ready", {{"version", MUSTER_VERSION},
                                      {"sessions", at.session_address},
                                      {"bootstrap", at.bootstrap_address},
                                      {"admin", at.admin_address},
                                      {"socket", at.admin_socket},
                                      {"health_port", at.health_port},
                                      {"metrics_port", at.metrics_port}});
  return orchestrator;
}

Orchestrator::Orchestrator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Orchestrator::~Orchestrator() { Stop(); }

const Endpoints& Orchestrator::endpoints() const { return parts_->endpoints; }
bool Orchestrator::store_lost() const { return parts_->store_lost; }
bool Orchestrator::alive() const { return parts_->self_check->alive(); }
int Orchestrator::sessions() const { return parts_->sessions->Count(); }
void Orchestrator::Reload() { parts_->RenewListenerCertificate(); }
void Orchestrator::Stop() { parts_->Stop(); }

}  // namespace muster::app
