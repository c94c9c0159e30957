// Taking an enrollment back because what it was proven by does not hold any more: the zone has
// another hub, or the server is taken out of the inventory.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_ENROLLMENT_RESET_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_ENROLLMENT_RESET_H_

#include <optional>

#include "absl/status/status.h"
#include "base/failure.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/server.h"

namespace muster::core {

// Claim and proof go; an enrolled server becomes degraded with `why`, so that the next rollout
// takes it. With an audit event of its own. The caller sees to what the verifier has in memory.
absl::Status ResetEnrollment(Turn& turn, const Actor& actor, const store::Server& server,
                             const Failure& why);
// The same as part of a change that is recorded by the caller.
absl::Status ResetEnrollment(Turn& turn, ServerChange& change, const store::Server& server,
                             const Failure& why);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_ENROLLMENT_RESET_H_
