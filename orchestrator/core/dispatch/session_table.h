// Who is connected now: one session per server, lost with the process.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_TABLE_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_TABLE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/worker_link.h"

namespace muster::core {

struct Session {
  SessionId id = 0;
  ServerId server_id;
  ZoneId zone_id;       // Of the certificate.
  std::string address;  // Egress address, for pacing.
  std::string machine_name;
  std::string internal_instance_id;  // As the worker's facts say; may be empty.
  // Of the facts that the store has: the same facts again need no write.
  size_t machine_hash = 0;
  size_t service_hash = 0;
  absl::Time since;
  int64_t pin_version = 0;           // Of the zone pin that it was sent last.
  bool enrolled_anew = false;        // The first one with a certificate that a token paid for.
  bool ready = false;                // Welcome is queued.
  std::vector<CommandId> to_cancel;  // In its journal, not begun, and nobody wants them any more.
};

// On the strand only. Pointers are valid until the next Put or Remove.
class SessionTable {
 public:
  void Put(Session session) {
    by_server_[session.server_id] = session.id;
    sessions_[session.id] = std::move(session);
  }
  Session* Find(SessionId id) {
    const auto it = sessions_.find(id);
    return it == sessions_.end() ? nullptr : &it->second;
  }
  Session* FindOf(const ServerId& server) {
    const auto it = by_server_.find(server);
    return it == by_server_.end() ? nullptr : Find(it->second);
  }
  std::optional<Session> Remove(SessionId id) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end()) return std::nullopt;
    Session session = std::move(it->second);
    sessions_.erase(it);
    by_server_.erase(session.server_id);
    return session;
  }
  template <typename Visit>
  void ForEach(Visit visit) {
    for (auto& [id, session] : sessions_) visit(session);
  }
  size_t size() const { return sessions_.size(); }

 private:
  absl::flat_hash_map<SessionId, Session> sessions_;
  absl::flat_hash_map<ServerId, SessionId> by_server_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_TABLE_H_
