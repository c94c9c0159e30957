// Which failures of an operation are the end of all decisions, and which are its own.
//
//   kRefusal       a failure code of the catalog, but no E-STORE one: the operation said no
//   kStoreLost     the disk is full, fails or is corrupt, or the store takes no writes any more
//   kUnexpected    all others: a row that is not as it should be, a move outside the tables
#ifndef MUSTER_ORCHESTRATOR_CORE_CONTROL_FAILURE_KIND_H_
#define MUSTER_ORCHESTRATOR_CORE_CONTROL_FAILURE_KIND_H_

#include "absl/status/status.h"

namespace muster::core {

enum class FailureKind { kRefusal, kUnexpected, kStoreLost };

// `failure` is not OK.
FailureKind KindOf(const absl::Status& failure);

// What a part that ran by Turn::Alone leaves for what encloses it: its error when the store is lost,
// else OK, for then it is undone and read anew.
absl::Status IfLost(const absl::Status& status);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_FAILURE_KIND_H_
