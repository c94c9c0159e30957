// Who asks for an operation: for the audit log and the tenants' wall.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_

#include <string>
#include <vector>

#include "base/ids.h"

namespace muster::core {

struct Actor {
  std::string name;                       // "operator:opr-…", "system"
  std::vector<TenantId> visible_tenants;  // Empty: all.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_
