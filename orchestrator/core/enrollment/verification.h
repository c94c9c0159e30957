// What operators ask of the hubs: the zones are checked against the actor's wall, then the verifier
// reads their hubs.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFICATION_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFICATION_H_

#include <vector>

#include "absl/status/status.h"
#include "orchestrator/core/interfaces/verification_operations.h"
#include "orchestrator/core/inventory/zone_table.h"

namespace muster::core {

class Verifier;

// On the strand only.
class Verification final : public VerificationOperations {
 public:
  Verification(Verifier& verifier, ZoneTable& zones) : verifier_(verifier), zones_(zones) {}

  absl::Status Verify(Turn& turn, Answer<std::vector<ZoneVerification>> done, const Actor& actor,
                      const std::vector<ZoneId>& zones) override;

 private:
  Verifier& verifier_;
  ZoneTable& zones_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFICATION_H_
