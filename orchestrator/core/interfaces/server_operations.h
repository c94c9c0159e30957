// What operators ask of servers. See posted.h for how these are called. Errors are Status with an
// E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_SERVER_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_SERVER_OPERATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/server.h"

namespace muster::core {

struct ServerInput {
  int line = 0;
  TenantId tenant_id;
  std::string zone_slug;
  std::string name;
  store::Labels labels;
};
struct RowProblem {
  int line = 0;
  std::string reason;
};
struct ImportOutcome {
  int created = 0;
  int updated = 0;
  int unchanged = 0;
  std::vector<RowProblem> problems;
  std::vector<RowProblem> hints;  // On rows that were taken: what to look at again.
};

// What an operator does to a server; core/inventory/server_life.h has the picture.
struct ServerAction {
  enum class Kind { kRetire, kRestore, kBan, kUnban, kRename, kDelete, kReject };
  Kind kind = Kind::kRetire;
  std::string reason;  // For the audit event.
  std::string name;    // The new one, for kRename.
};

// What an operator found who looked at a server in doubt.
struct Settlement {
  bool joined = false;  // Else the join did not happen.
  std::string reason;   // For the audit event.
};

// Which of the machines with a server's identity goes on.
struct CloneChoice {
  std::string machine;  // Its id, or its name where that is of one alone.
  std::string reason;   // For the audit event.
};

class ServerOperations {
 public:
  virtual ~ServerOperations() = default;

  // Registers the rows, or changes the labels of servers that are there. Every bad row is answered;
  // without `partial` one bad row means that nothing is written.
  virtual absl::StatusOr<ImportOutcome> Import(Turn& turn, const Actor& actor,
                                               const std::vector<ServerInput>& rows, bool partial,
                                               bool dry_run) = 0;
  // admitted → evicted with all its certificates revoked; its session ends, and its claim and proof
  // are given back (as by ReleaseRecord; kBan and kRetire do so, too). Neither these keys nor tokens
  // from before let it in again. E-INVENTORY-SERVER; E-REQUEST-STATE in another state.
  virtual absl::StatusOr<store::Server> Evict(Turn& turn, const Actor& actor,
                                              const ServerId& server,
                                              const std::string& reason) = 0;
  // Retires, restores, bans, unbans, renames, deletes or rejects. Answers the server as it is
  // afterwards, or as it was when it is deleted. E-INVENTORY-SERVER beyond the actor's wall;
  // E-REQUEST-STATE in a state from which the way does not lead (its text names the way that does);
  // E-REQUEST-INVALID for a bad name;
  // E-ROLLOUT-TARGET-BUSY for kRetire and kDelete of a target of an unfinished rollout;
  // E-INVENTORY-CONFLICT and E-INVENTORY-NAMESAKE for a name that is taken.
  virtual absl::StatusOr<store::Server> Change(Turn& turn, const Actor& actor,
                                               const ServerId& server,
                                               const ServerAction& action) = 0;
  // pending, rejected → admitted, with the key that waits; and a key that waits under the name of a
  // server that was admitted with another one. `key_fingerprint` says which key is meant; empty:
  // the one that waits. E-INVENTORY-SERVER; E-REQUEST-STATE in another state; E-INVENTORY-KEY when
  // no key waits, another one does, or none is named and several do.
  virtual absl::StatusOr<store::Server> Admit(Turn& turn, const Actor& actor,
                                              const ServerId& server,
                                              const std::string& key_fingerprint) = 0;
  // Ends a doubt that neither worker nor hub can end, so that the server's rollout goes on. Joined: a
  // claim, which the hub's list has to prove (invariant 3). Not joined: another try may follow, yet
  // never while a command may still arrive (invariant 11). E-INVENTORY-SERVER; E-REQUEST-STATE
  // when the server is not in doubt.
  virtual absl::StatusOr<store::Server> Settle(Turn& turn, const Actor& actor,
                                               const ServerId& server,
                                               const Settlement& settlement) = 0;
  // Takes the hub's record from the server, for another one that it really belongs to: enrolled
  // becomes degraded, joined_unverified failed (E-VERIFY-RELEASED), and a rollout proves it anew.
  // E-INVENTORY-SERVER; E-REQUEST-STATE when it has none, and for a server in doubt.
  virtual absl::StatusOr<store::Server> ReleaseRecord(Turn& turn, const Actor& actor,
                                                      const ServerId& server,
                                                      const std::string& reason) = 0;
  // Of several machines with the server's identity (E-SESSION-CLONED) one goes on; the others are
  // refused with E-SESSION-PUT-OUT until they are enrolled anew. Another choice takes it back.
  // E-INVENTORY-SERVER; E-REQUEST-STATE when there are not several, or none is called so.
  virtual absl::StatusOr<store::Server> CureClone(Turn& turn, const Actor& actor,
                                                  const ServerId& server,
                                                  const CloneChoice& choice) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_SERVER_OPERATIONS_H_
