#include "orchestrator/core/operators/wall.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/protection.h"

namespace muster::core {

using store::TenantWall;

absl::StatusOr<Actor> ActorOf(const store::Operator& op) {
  const bool unbound = op.tenants.empty();
  if (unbound && op.role != store::OperatorRole::kProviderAdmin) {
    return FailureStatus(FailureCode::kAuthForbidden, "the operator is bound to no tenant");
  }
  return Actor{absl::StrCat("operator:", op.id.value()),
               unbound || IsTurnedOff(Protection::kTenantsWall) ? TenantWall::Everything()
                                                                : TenantWall::Of(op.tenants)};
}

Actor LocalOperator() { return {"operator:local", TenantWall::Everything()}; }

}  // namespace muster::core
