// That somebody takes an evidence pack. See posted.h for how this is called. Errors are Status with
// an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_EVIDENCE_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_EVIDENCE_OPERATIONS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

class EvidenceOperations {
 public:
  virtual ~EvidenceOperations() = default;
  // Puts it on record, before anything is made; the sequence of the event, with which the pack
  // ends. E-INVENTORY-TENANT.
  virtual absl::StatusOr<int64_t> Export(Turn& turn, const Actor& actor, const TenantId& tenant,
                                         absl::Time since) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_EVIDENCE_OPERATIONS_H_
