// What an Orchestrator is made of. For the sources of orchestrator/app alone.
#ifndef MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_PARTS_H_
#define MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_PARTS_H_

#include <grpcpp/impl/service_type.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/http/curl_multi_client.h"
#include "base/mutex.h"
#include "base/thread_strand.h"
#include "base/thread_timers.h"
#include "orchestrator/api/admin_api.h"
#include "orchestrator/api/revocations.h"
#include "orchestrator/api/rollout_watchers.h"
#include "orchestrator/app/audit_files.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/disk_space.h"
#include "orchestrator/app/event_mark.h"
#include "orchestrator/app/http_listener.h"
#include "orchestrator/app/listener_certificate.h"
#include "orchestrator/app/listeners.h"
#include "orchestrator/app/memory_return.h"
#include "orchestrator/app/orchestrator.h"
#include "orchestrator/app/self_check.h"
#include "orchestrator/core/core.h"
#include "orchestrator/hub/http_hub_reader.h"
#include "orchestrator/metrics/metrics_page.h"
#include "orchestrator/metrics/store_figures.h"
#include "orchestrator/metrics/work_counts.h"
#include "orchestrator/notify/http_notification_sender.h"
#include "orchestrator/rpc/admin/admin_services.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "proto/rpc/roles.h"
#include "store/interface/store.h"

namespace muster::app {

// In order of need: each part borrows from those above it.
struct Orchestrator::Parts {
  Parts(OrchestratorOptions o, DataDirectory d) : options(std::move(o)), directory(std::move(d)) {}

  absl::Status Open();
  absl::Status StartCore();
  absl::Status Listen();
  absl::Status ListenForProbes();
  absl::Status ListenForMetrics();
  absl::Status CollectMetrics(metrics::Families& families);
  absl::Status CollectFromStore(metrics::Families& families);
  void TellOperatorDirectory();
  void StartSelfCheck();
  absl::Status LookForOlderDatabase();
  void OnOlder(const std::string& seen);  // Than its workers know. On the strand.
  void LookAtWorkersCertificates();
  void LookAtOperators();
  void RenewListenerCertificate();
  void OnListenerLost(const absl::Status& why);
  void LookAtConnections();
  void LookAtNotifications();
  void TellConditions();
  void LookAtKeys();
  void OnStoreLost(const absl::Status& why);
  void SetServing(bool serving);
  void Stop();
  api::Dependencies AdminParts() {
    return {.roles = *roles,
            .operations = core->operations(),
            .authority = directory.authority,
            .store = *store,
            .audit_key = *audit_key,
            .head_book = *head_book,
            .evidence_key = *evidence_key,
            .evidence_folder = directory.paths.root + "/evidence",
            .connected = *sessions,
            .hub_checker = *hub_reader,
            .watchers = *watchers,
            .long_calls = long_calls,
            .revocations = *revocations,
            .pool = *read_pool,
            .status_pool = *self_check_pool,
            .facts = *self_check,
            .clock = clock,
            .random = random,
            .bootstrap_address = endpoints.bootstrap_address,
            .admin_address = [this] { return listening ? endpoints.admin_address : ""; },
            .start_time = start_time};
  }

  const OrchestratorOptions options;
  const Clock& clock = SystemClock();
  const absl::Time start_time = clock.Now();
  Random& random = crypto::SecureRandom();
  DataDirectory directory;
  Endpoints endpoints;
  std::atomic<bool> store_lost = false;
  std::atomic<bool> listener_lost = false;
  std::atomic<bool> listening = false;  // The list of listeners is complete.
  bool stopped = false;

  std::unique_ptr<store::Store> store;
  std::unique_ptr<secrets::SealedKeyVault> vault;
  std::unique_ptr<FileAuditKey> audit_key;
  std::unique_ptr<FileHeadBook> head_book;
  std::unique_ptr<FileEvidenceKey> evidence_key;
  std::unique_ptr<rpc::RoleTable> roles;
  http::CurlMultiClient http;
  std::unique_ptr<hub::HttpHubReader> hub_reader;
  http::CurlMultiClient notify_http;  // Of its own: no receiver holds up a reading.
  std::unique_ptr<notify::HttpNotificationSender> sender;
  std::unique_ptr<rpc::SessionRegistry> sessions;
  std::unique_ptr<api::RolloutWatchers> watchers;
  api::LongCalls long_calls;
  std::unique_ptr<api::Revocations> revocations;
  metrics::WorkCounts work_counts;
  std::unique_ptr<core::Core> core;
  // Threads, which call into all above.
  std::unique_ptr<ThreadStrand> strand;
  std::unique_ptr<BlockingPool> disk;
  std::unique_ptr<BlockingPool> read_pool;
  // Of its own, so that long reports keep no machine from coming in.
  std::unique_ptr<BlockingPool> admission_pool;
  std::unique_ptr<BlockingPool> hub_pool;
  std::unique_ptr<ThreadTimers> timers;
  std::unique_ptr<BlockingPool> self_check_pool;
  std::unique_ptr<DiskWatch> disk_watch;
  std::unique_ptr<MemoryReturn> memory_return;
  std::unique_ptr<SelfCheck> self_check;
  std::unique_ptr<EventMark> event_mark;
  std::set<std::string> conditions_told;           // To the core, of the self check's looks.
  absl::Time next_telling = absl::InfinitePast();  // Likewise.
  absl::Time next_look_at_certificates = absl::InfinitePast();  // Of the self check's looks.
  ListenerCertificateFiles listener_certificate;                // As at the start.
  Mutex renew_mu;
  absl::Status renewed ABSL_GUARDED_BY(renew_mu);  // Of the last renewal.
  std::atomic<absl::Time> listener_not_after = absl::InfinitePast();
  std::unique_ptr<api::AdminApi> admin_api;
  // Connections; of the self check's looks.
  int64_t refused_before = 0;
  absl::Duration warn_of_connections_until;
  std::unique_ptr<rpc::BootstrapDesk> desk;
  std::vector<std::unique_ptr<Entrance>> listeners;
  DoorKeeper* door_keeper = nullptr;  // One of them, or none.
  std::unique_ptr<HttpListener> http_probe;
  // Prometheus' page, made by the self check's looks.
  std::unique_ptr<metrics::StoreFigures> store_figures;
  std::unique_ptr<metrics::MetricsPage> metrics_page;
  std::unique_ptr<HttpListener> metrics_listener;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_PARTS_H_
