#include "orchestrator/core/enrollment/verification.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/enrollment/verifier.h"

namespace muster::core {

absl::Status Verification::Verify(Turn& turn, Answer<std::vector<ZoneVerification>> done,
                                  const Actor& actor, const std::vector<ZoneId>& zones) {
  for (const ZoneId& zone : zones) {
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
    if (entry == nullptr || !actor.wall.Admits(entry->zone.tenant_id)) {
      return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
    }
  }
  auto answer = std::make_shared<Answer<std::vector<ZoneVerification>>>(std::move(done));
  return verifier_.Verify(turn, zones, true, [answer](std::vector<ZoneVerification> lines) {
    (*answer)(std::move(lines));
  });
}

}  // namespace muster::core
