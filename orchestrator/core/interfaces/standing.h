// Whether who asked for an operation may still have it when its turn comes: an operator who was
// revoked while the request waited may not. Posted asks it for every operation with an actor.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_STANDING_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_STANDING_H_

#include "absl/status/status.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

// E-AUTH-REVOKED. OK for actors that are no operators on record: root at the local socket, the
// orchestrator itself.
absl::Status CheckStanding(Turn& turn, const Actor& actor);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_STANDING_H_
