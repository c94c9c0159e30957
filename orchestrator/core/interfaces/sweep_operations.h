// What operators ask of sweeps. See posted.h for how this is called.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_SWEEP_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_SWEEP_OPERATIONS_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/posted.h"
#include "store/model/sweep.h"

namespace muster::core {

class SweepOperations {
 public:
  virtual ~SweepOperations() = default;
  // Sweeps these zones now. One record per zone in the given order, as it ended: skipped where a
  // sweep was under way. It may take as long as the workers are asked, and the slowest hub.
  // `ask_workers` set: whatever the zones' plans say. E-INVENTORY-ZONE.
  virtual absl::Status Run(Turn& turn, Answer<std::vector<store::Sweep>> done, const Actor& actor,
                           const std::vector<ZoneId>& zones,
                           const std::optional<bool>& ask_workers) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_SWEEP_OPERATIONS_H_
