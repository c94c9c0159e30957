// What is wrong with a fleet before anybody looks at what is stored. Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_INPUT_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_INPUT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/fleet_operations.h"
#include "store/model/tenant_wall.h"

namespace muster::core {

// Every problem of the input itself, in its order; no text holds a secret.
std::vector<std::string> ProblemsOfFleet(const std::vector<TenantInput>& fleet);

// Why this cannot be a joining key, or empty.
std::string ProblemOfKey(const JoiningKeyInput& key);

// E-INVENTORY-CONFLICT when zones of different tenants name hubs in one place (http::PlaceOf): a
// shared one would let one tenant's key reach the other's servers. `hub_urls` by zone; the text
// names only what the wall admits.
absl::Status CheckHubsAreNotShared(const std::map<ZoneId, std::string>& hub_urls,
                                   const store::TenantWall& wall);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_FLEET_INPUT_H_
