// Zones with their active joining keys (sealed), in memory: what every dispatch looks at.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_TABLE_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_TABLE_H_

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/zone.h"

namespace muster::core {

struct ZoneEntry {
  store::Zone zone;
  std::optional<store::JoiningKeyVersion> key;  // The active one.
};

// On the strand only.
class ZoneTable {
 public:
  // Null when there is no such zone. The pointer is valid until Clear, which happens only between
  // operations.
  absl::StatusOr<const ZoneEntry*> Find(Turn& turn, const ZoneId& id);
  // After a commit that changed zones or keys.
  void Clear() {
    zones_.clear();
    changed_ = true;
  }
  // Whether Clear was called since the last time.
  bool TakeChanged() { return std::exchange(changed_, false); }

 private:
  bool changed_ = false;
  std::map<ZoneId, std::unique_ptr<ZoneEntry>> zones_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_TABLE_H_
