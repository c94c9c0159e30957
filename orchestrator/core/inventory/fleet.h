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

class Verifier;

// On the strand only.
class Fleet final : public FleetOperations {
 public:
  // `zones` caches what this changes; `verifier` forgets the servers of a zone with another hub.
  Fleet(const InventoryTools& tools, ZoneTable& zones, Verifier& verifier)
      : tools_(tools), zones_(zones), verifier_(verifier) {}

  absl::StatusOr<std::vector<std::string>> Apply(Turn& turn, const Actor& actor,
                                                 const std::vector<TenantInput>& fleet,
                                                 const ApplyChoices& choices) override;
  absl::StatusOr<store::Zone> SetJoiningKey(Turn& turn, const Actor& actor, const ZoneId& zone,
                                            const JoiningKeyInput& key) override;
  absl::StatusOr<store::Zone> RemoveJoiningKey(Turn& turn, const Actor& actor,
                                               const ZoneId& zone) override;
  absl::StatusOr<ZoneId> DeleteZone(Turn& turn, const Actor& actor, const ZoneId& zone) override;
  absl::StatusOr<TenantId> DeleteTenant(Turn& turn, const Actor& actor,
                                        const TenantId& tenant) override;

 private:
  const InventoryTools tools_;
  ZoneTable& zones_;
  Verifier& verifier_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_H_
