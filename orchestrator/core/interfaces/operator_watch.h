// Told, after the commit, that an operator was revoked: what is open for that operator ends.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_WATCH_H_

#include "base/ids.h"

namespace muster::core {

// Called on the strand; must not block.
class OperatorWatch {
 public:
  virtual ~OperatorWatch() = default;
  virtual void OperatorRevoked(const OperatorId& id) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_WATCH_H_
