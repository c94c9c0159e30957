// The orchestrator, put together and running: what `muster-orchestrator serve` is, and what tests
// start in their own process.
//
//   start   data directory ─► store ─► strand, timers, pools ─► core
//             ─► session listener ─► bootstrap listener ─► admin listener and socket
//             ─► health SERVING
//   stop    health NOT_SERVING ─► Goodbye to sessions ─► listeners, with a deadline
//             ─► core ─► strand, pools, timers ─► store
//
// When the store is lost (a commit failed) sessions are ended, health turns to NOT_SERVING and
// every change is refused; reads are answered until whoever made the orchestrator stops it, which
// `serve` does by itself a moment later (docs/decisions/store-lost.md).
#ifndef MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_H_
#define MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/app/door_keeper.h"
#include "orchestrator/core/options.h"
#include "orchestrator/net/connection_budgets.h"
#include "orchestrator/rpc/worker/session_registry.h"

namespace muster::app {

struct OrchestratorOptions {
  std::string data_dir;
  // "host:port"; port 0: any free one.
  std::string session_listen = "0.0.0.0:8443";
  std::string bootstrap_listen = "0.0.0.0:8444";
  std::string admin_listen = "0.0.0.0:8445";
  std::string admin_socket;  // Empty: admin.sock in the data directory.
  // Plain HTTP for liveness and readiness (http_probe.h), with an IP address; empty: none.
  std::string health_listen;
  // Plain HTTP for Prometheus, with an IP address; empty: none. Whoever reaches it sees the ids of
  // all tenants and zones.
  std::string metrics_listen;
  // What workers and operators dial. Host: empty for the first address of `init`. A whole
  // "host:port" wins over it; empty: that host with the listener's port.
  std::string public_address;
  std::string public_session_address;
  std::string public_bootstrap_address;
  std::string public_admin_address;

  rpc::SessionOptions sessions;
  core::CoreOptions core;  // on_store_lost is the orchestrator's own.
  double bootstrap_calls_per_minute = 1200;
  net::ConnectionOptions connections;
  // Program, user and memory of the door; the rest is the orchestrator's own. Without a program the
  // bootstrap listener is in this process, as tests have it.
  DoorOptions door;
  int read_threads = 4;       // For operators' calls, which read the store.
  int admission_threads = 2;  // For machines that come in or renew: checks and signing.
  absl::Duration stop_deadline = absl::Seconds(10);
  int64_t disk_warning_bytes = 512 << 20;  // Less free space than this is said.
  // Starts although no secret of the database opens: the master key was lost and replaced, and the
  // operators store joining keys and verifiers again.
  bool new_master_key = false;
  absl::Duration self_check_interval = absl::Seconds(10);
  absl::Duration backup_age_warning = absl::Hours(24 * 7);
  // Called once, on a thread of the orchestrator's, when the store is lost and everybody was told.
  // It must not stop the orchestrator itself. May be null.
  std::function<void()> on_store_lost;
  // Called once, on a thread of the orchestrator's, when a listener lets nobody in any more. As
  // above.
  std::function<void(const absl::Status&)> on_listener_lost;
};

struct Endpoints {
  int session_port = 0;
  int bootstrap_port = 0;
  int admin_port = 0;
  int health_port = 0;          // 0: no HTTP probe.
  int metrics_port = 0;         // 0: no metrics.
  std::string session_address;  // Public.
  std::string bootstrap_address;
  std::string admin_address;
  std::string admin_socket;
};

class Orchestrator {
 public:
  // Starts everything; a running orchestrator or the reason why not, with its E-code. Blocks on the
  // disk.
  static absl::StatusOr<std::unique_ptr<Orchestrator>> Create(OrchestratorOptions options);
  ~Orchestrator();  // Stops as Stop does.

  const Endpoints& endpoints() const;
  bool store_lost() const;  // Thread-safe.
  bool alive() const;       // The control strand takes turns. Thread-safe.
  int sessions() const;     // Open worker sessions. Thread-safe.
  // Looks for what was edited: the listeners' addresses. Thread-safe; blocks on the disk.
  void Reload();
  // Blocks, at most a little longer than the stop deadline. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit Orchestrator(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_ORCHESTRATOR_H_
