// Bringing tenants, zones and joining keys to a given state. Called inside a turn; an error undoes
// the whole operation.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/operations.h"

namespace muster::core {

// What the changes of an inventory need besides the turn.
struct InventoryTools {
  KeyVault& vault;
  Random& random;
  OrderedIds& ids;
  int default_max_concurrent_joins;
};

// One line per change, none when everything was so already; secrets count as changed only when they
// differ from what is sealed. With `dry_run` nothing is written. E-CONFIG-INVALID names every
// problem; E-AUTH-FORBIDDEN for a tenant beyond the actor's wall; E-INVENTORY-CONFLICT when two
// tenants would share a hub.
absl::StatusOr<std::vector<std::string>> ApplyFleet(Turn& turn, const InventoryTools& tools,
                                                    const Actor& actor,
                                                    const std::vector<TenantInput>& fleet,
                                                    bool dry_run);

// A new version of the zone's key, active at once; the version before becomes tainted.
// E-INVENTORY-ZONE, E-REQUEST-INVALID.
absl::StatusOr<store::Zone> SetJoiningKey(Turn& turn, const InventoryTools& tools,
                                          const Actor& actor, const ZoneId& zone,
                                          const JoiningKeyInput& key);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_
