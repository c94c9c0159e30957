#include "orchestrator/core/audit/evidence_record.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {

absl::StatusOr<int64_t> EvidenceRecord::Export(Turn& turn, const Actor& actor,
                                               const TenantId& tenant, absl::Time since) {
  ASSIGN_OR_RETURN(const auto known, turn.store().tenants().Find(actor.wall, tenant));
  if (!known.has_value()) {
    return FailureStatus(FailureCode::kTenantUnknown,
                         absl::StrCat("there is no tenant ", tenant.value()));
  }
  RETURN_IF_ERROR(Audit(turn, actor.name, "evidence.export", tenant.value(), tenant,
                        absl::StrCat("events since ", UtcText(since))));
  ASSIGN_OR_RETURN(const store::AuditLink last, turn.store().audit().Last());
  return last.sequence;
}

}  // namespace muster::core
