#include "orchestrator/core/inventory/zone_table.h"

#include <utility>

#include "base/status_macros.h"

namespace muster::core {

absl::StatusOr<const ZoneEntry*> ZoneTable::Find(Turn& turn, const ZoneId& id) {
  if (const auto it = zones_.find(id); it != zones_.end()) return it->second.get();
  ASSIGN_OR_RETURN(std::optional<store::Zone> zone, turn.store().zones().Find(id));
  if (!zone.has_value()) return nullptr;
  auto entry = std::make_unique<ZoneEntry>();
  entry->zone = *std::move(zone);
  ASSIGN_OR_RETURN(entry->key, turn.store().zones().FindActiveKey(id));
  return zones_.emplace(id, std::move(entry)).first->second.get();
}

}  // namespace muster::core
