// Who asks for an operation: for the audit log and the tenants' wall.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_

#include <string>

#include "store/model/tenant_wall.h"

namespace muster::core {

struct Actor {
  std::string name;  // "operator:opr-…", "system"
  // What lies behind it is answered as what does not exist. core/operators/wall.h decides it.
  store::TenantWall wall = store::TenantWall();
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ACTOR_H_
