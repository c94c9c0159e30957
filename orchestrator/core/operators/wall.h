// Which tenants an operator may see: the one place that decides who has no wall.
//
//   operator on record       wall
//   bound to tenants         these tenants, whatever the role
//   provider_admin, unbound  everything
//   others, unbound          none is found: E-AUTH-FORBIDDEN
//   local socket             everything: root, or the user that the orchestrator runs as
#ifndef MUSTER_ORCHESTRATOR_CORE_OPERATORS_WALL_H_
#define MUSTER_ORCHESTRATOR_CORE_OPERATORS_WALL_H_

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/actor.h"
#include "store/model/identity.h"

namespace muster::core {

// "operator:opr-…" with its wall. E-AUTH-FORBIDDEN for one who may see nothing.
absl::StatusOr<Actor> ActorOf(const store::Operator& op);

// "operator:local".
Actor LocalOperator();

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_OPERATORS_WALL_H_
