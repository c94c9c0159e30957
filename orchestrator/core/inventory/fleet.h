// Bringing tenants, zones and joining keys to a given state.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/fleet_operations.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/inventory/zone_table.h"

namespace muster::core {

// What the changes of an inventory need besides the turn.
struct InventoryTools {
  KeyVault& vault;
  Random& random;
  int default_max_concurrent_joins;
};

// On the strand only.
class Fleet final : public FleetOperations {
 public:
  // `zones` caches what this changes.
  Fleet(const InventoryTools& tools, ZoneTable& zones) : tools_(tools), zones_(zones) {}

  absl::StatusOr<std::vector<std::string>> Apply(Turn& turn, const Actor& actor,
                                                 const std::vector<TenantInput>& fleet,
                                                 bool dry_run) override;
  absl::StatusOr<store::Zone> SetJoiningKey(Turn& turn, const Actor& actor, const ZoneId& zone,
                                            const JoiningKeyInput& key) override;

 private:
  const InventoryTools tools_;
  ZoneTable& zones_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_
