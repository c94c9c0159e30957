// What operators decide about hubs. See posted.h for how this is called.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_OPERATIONS_H_

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

class HubOperations {
 public:
  virtual ~HubOperations() = default;

  // The zone's hub may have shrunk to what its last, implausibly short list showed: how many records
  // that are. The hub is read at once, and the list believed if it is no shorter than half of that.
  // E-INVENTORY-ZONE; E-REQUEST-STATE when the last list was not short.
  virtual absl::StatusOr<int> AcceptShrink(Turn& turn, const Actor& actor, const ZoneId& zone) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_HUB_OPERATIONS_H_
