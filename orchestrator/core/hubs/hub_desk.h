// What operators decide about hubs: the zone is checked against the actor's wall, the decision
// written and audited.
#ifndef MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_DESK_H_
#define MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_DESK_H_

#include "orchestrator/core/hubs/hub_poller.h"
#include "orchestrator/core/interfaces/hub_operations.h"
#include "orchestrator/core/inventory/zone_table.h"

namespace muster::core {

// On the strand only.
class HubDesk final : public HubOperations {
 public:
  HubDesk(HubPoller& hubs, ZoneTable& zones) : hubs_(hubs), zones_(zones) {}

  absl::StatusOr<int> AcceptShrink(Turn& turn, const Actor& actor, const ZoneId& zone) override;

 private:
  HubPoller& hubs_;
  ZoneTable& zones_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_HUBS_HUB_DESK_H_
