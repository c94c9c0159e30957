// Registering servers, letting them in and putting them out. Called inside a turn.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/operations.h"
#include "store/model/server.h"

namespace muster::core {

// Registers the rows, or changes the labels of servers that are there. Every bad row is answered;
// without `partial` one bad row means that nothing is written.
absl::StatusOr<ImportOutcome> ImportServers(Turn& turn, OrderedIds& ids, const Actor& actor,
                                            const std::vector<ServerInput>& rows, bool partial,
                                            bool dry_run);

// The server, if the actor may see it; else E-INVENTORY-SERVER.
absl::StatusOr<store::Server> GetVisibleServer(Turn& turn, const Actor& actor,
                                               const ServerId& server);

// admitted → evicted with all its certificates revoked. E-REQUEST-INVALID in another state. The
// caller ends the session.
absl::StatusOr<store::Server> EvictServer(Turn& turn, const Actor& actor, const ServerId& server,
                                          const std::string& reason);

// pending → admitted. E-REQUEST-INVALID in another state.
absl::StatusOr<store::Server> AdmitServer(Turn& turn, const Actor& actor, const ServerId& server);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_
