// Zones and tenants are taken out when nothing is left in them. Called inside a turn.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_REMOVAL_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_REMOVAL_H_

#include "absl/status/status.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

// The zone with its keys, tokens and what was read of its hub. E-INVENTORY-ZONE beyond the actor's
// wall; E-INVENTORY-NOT-EMPTY while it has servers, also retired ones, and says how many.
absl::Status DeleteZone(Turn& turn, const Actor& actor, const ZoneId& zone);

// The tenant with its finished rollouts. E-INVENTORY-TENANT beyond the actor's wall;
// E-INVENTORY-NOT-EMPTY while it has zones, or operators who may see nothing else, and names them.
absl::Status DeleteTenant(Turn& turn, const Actor& actor, const TenantId& tenant);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_REMOVAL_H_
