// All open worker sessions, and the core's way to them.
//
//   control strand ── SendCommand(id, …) ─► sender's thread ─► table ─► Session ─► gRPC stream
//   timer          ── sweep, every few seconds: ends sessions that are silent or never said Hello
//   timer          ── every second while commands are on their way: whose worker does not say a word
//                     is pinged, and its session ended when it does not answer that either
//
// Serializing, encrypting and writing take a third of the time that deciding takes; the sender's
// thread takes them off the control strand. What the core sends to one session stays in order.
//
// Thread-safe. It outlives the gRPC servers whose sessions it holds. Stop it before its timers end.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_REGISTRY_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_REGISTRY_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread_strand.h"
#include "base/timers.h"
#include "orchestrator/core/interfaces/connected_servers.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/rpc/worker/zone_pins.h"

namespace muster::worker::v1 {
class OrchestratorMessage;
}

namespace muster::rpc {

class Session;

struct SessionOptions {
  absl::Duration heartbeat_interval = absl::Seconds(30);
  int missed_heartbeats = 3;                          // So many intervals of silence end a session.
  absl::Duration hello_deadline = absl::Seconds(15);  // From the stream's begin to Hello.
  absl::Duration goodbye_deadline = absl::Seconds(10);  // For a peer that does not read.
  // From the sending of a command: a worker that has said nothing by then is pinged,
  absl::Duration delivery_patience = absl::Seconds(5);
  // and has so long to answer. What lies between the two may have forgotten the connection.
  absl::Duration ping_patience = absl::Seconds(5);
  int max_queued_messages = 64;  // More waiting for one worker end its session.
  // A fleet comes back at this rate after a restart: it sets Welcome.reconnect_spread.
  double reconnects_per_second = 400;
};

class SessionRegistry final : public core::WorkerLink, public core::ConnectedServers {
 public:
  // `authority` signs zone pins and outlives it; null: they go out unsigned.
  SessionRegistry(const Clock& clock, Timers& timers, SessionOptions options,
                  const identity::CertificateAuthority* authority = nullptr);
  ~SessionRegistry() override;

  void Start();  // Begins to sweep.
  // Refuses new sessions and says Goodbye to all open ones with leave to reconnect. Does not wait.
  void EndAll(const absl::Status& why);
  void Stop();  // Ends the sweeping and the sending; blocks for what is being sent.

  // WorkerLink.
  void SendCommand(core::SessionId session, core::OutboundCommand command) override;
  void SendResultAck(core::SessionId session, const CommandId& command) override;
  void SendCancel(core::SessionId session, const CommandId& command) override;
  void SendZonePin(core::SessionId session, const core::ZonePin& pin) override;
  void NoteMoment(const store::AuditLink& moment) override;
  void End(core::SessionId session, const Failure& why, bool may_reconnect) override;

  // ConnectedServers: who was welcomed.
  int Count() const override;
  bool IsConnected(const ServerId& server) const override;

  // -- for sessions --
  const SessionOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  ZonePins& pins() { return pins_; }
  absl::Duration ReconnectSpread() const;
  void StampMoment(muster::worker::v1::OrchestratorMessage& message) const;
  core::SessionId NewId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  absl::Status Add(core::SessionId id,
                   std::shared_ptr<Session> session);  // Unavailable after EndAll.
  void MarkConnected(const ServerId& server, core::SessionId id);
  void Remove(core::SessionId id, const ServerId& server);

 private:
  void Post(core::SessionId session, absl::AnyInvocable<void(Session&)> task);
  std::shared_ptr<Session> Find(core::SessionId id) const;
  std::vector<std::shared_ptr<Session>> All() const;
  void ArmSweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Sweep();
  void AwaitDelivery(core::SessionId id);
  void ArmDeliveryWatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckDeliveries();

  const Clock& clock_;
  Timers& timers_;
  const SessionOptions options_;
  ZonePins pins_;
  std::atomic<core::SessionId> next_id_{1};
  mutable Mutex mu_;
  absl::flat_hash_map<core::SessionId, std::shared_ptr<Session>> sessions_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<ServerId, core::SessionId> connected_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  TimerId sweep_ ABSL_GUARDED_BY(mu_) = 0;
  bool sweeping_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<core::SessionId> awaited_ ABSL_GUARDED_BY(mu_);  // A word of their workers.
  TimerId delivery_watch_ ABSL_GUARDED_BY(mu_) = 0;  // Armed while any is awaited.
  mutable Mutex moment_mu_;
  store::AuditLink moment_ ABSL_GUARDED_BY(moment_mu_);
  ThreadStrand sender_{"send"};  // Last: its tasks use all above.
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_REGISTRY_H_
