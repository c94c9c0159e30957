// Who takes evidence packs, on record.
#ifndef MUSTER_ORCHESTRATOR_CORE_AUDIT_EVIDENCE_RECORD_H_
#define MUSTER_ORCHESTRATOR_CORE_AUDIT_EVIDENCE_RECORD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/evidence_operations.h"

namespace muster::core {

// On the strand only.
class EvidenceRecord final : public EvidenceOperations {
 public:
  absl::StatusOr<int64_t> Export(Turn& turn, const Actor& actor, const TenantId& tenant,
                                 absl::Time since) override;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_AUDIT_EVIDENCE_RECORD_H_
