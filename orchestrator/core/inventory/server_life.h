// Taking servers out of the inventory and back, and calling them otherwise. Called inside a turn.
//
//   registered, pending, admitted, evicted ── Ban ──► banned ── Unban ──► registered
//   any of these, banned, rejected ── Retire ──► retired ── Restore ──► registered
//   pending ── Reject ──► rejected ── Restore ──► pending; Servers::Admit lets both in
//   retired, or never seen ── Delete ──► gone; the audit log remembers
//
// A rejected server keeps the certificate that it waited with: nothing that it could do was ever
// allowed, and a change of mind lets it in by itself. Ban and Retire revoke the certificates; the
// caller ends the session, and after Retire and Delete frees what the verifier has in memory. A
// retired server owns no hub record, counts in no report and is in no rollout; its name is free
// again once it is deleted or renamed.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVER_LIFE_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVER_LIFE_H_

#include <string>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/server_operations.h"
#include "store/model/server.h"

namespace muster::core {

// Answers the server as it is afterwards; after kDelete as it was. E-INVENTORY-SERVER beyond the
// actor's wall; E-REQUEST-STATE in a state from which the way does not lead (its text names the way
// that does); E-REQUEST-INVALID for a bad name; E-ROLLOUT-TARGET-BUSY for kRetire and kDelete of a
// target of an unfinished rollout; E-INVENTORY-CONFLICT and E-INVENTORY-NAMESAKE for a name that is taken.
absl::StatusOr<store::Server> ChangeServer(Turn& turn, const Actor& actor, const ServerId& server,
                                           const ServerAction& action);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVER_LIFE_H_
