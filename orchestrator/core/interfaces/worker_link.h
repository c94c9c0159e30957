// The way from the core to connected workers. Implemented over gRPC by orchestrator/rpc (session
// registry), by the simulation's network in tests.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_LINK_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_LINK_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "base/secret.h"
#include "store/model/audit_event.h"
#include "store/model/states.h"

namespace muster::core {

using SessionId = uint64_t;  // Unique in the life of this process; 0 names none.

// What ties the workers of a zone to its hub, as they are told; signed on the way out.
struct ZonePin {
  ZoneId zone_id;
  std::string hub_url;
  bool allow_cli_join = false;
  int64_t version = 0;
  std::string service_account;  // Empty: none.
  friend bool operator==(const ZonePin&, const ZonePin&) = default;
};

// A command as it goes out: the only place where a joining key's secret leaves the vault (invariant
// 7).
struct OutboundCommand {
  CommandId command_id;
  AttemptId attempt_id;
  ZoneId zone_id;
  store::CommandKind kind = store::CommandKind::kProbe;
  absl::Time expire_time;
  // Join only.
  std::string hub_url;
  std::string joining_client_id;
  Secret joining_secret;
  bool allow_takeover = false;
};

// Called on the strand, after a commit. Never blocks: a message goes into the session's bounded
// queue or is dropped with its session; a lost message is noticed by the core when the session
// ends. Calls for a session that has ended do nothing.
class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  virtual void SendCommand(SessionId session, OutboundCommand command) = 0;
  virtual void SendResultAck(SessionId session, const CommandId& command) = 0;
  virtual void SendCancel(SessionId session, const CommandId& command) = 0;
  // A newer pin of the session's zone.
  virtual void SendZonePin(SessionId session, const ZonePin& pin) = 0;
  // How far the record has come that survives a power cut. What is sent from here on carries it, so
  // that workers know of an orchestrator that is put back to an earlier moment. Any thread.
  virtual void NoteMoment(const store::AuditLink& /*moment*/) {}
  // Says Goodbye and ends the session.
  virtual void End(SessionId session, const Failure& why, bool may_reconnect) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_LINK_H_
