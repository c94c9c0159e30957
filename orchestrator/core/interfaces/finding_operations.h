// What operators ask of findings. See posted.h for how these are called. Errors are Status with an
// E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_FINDING_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_FINDING_OPERATIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/finding.h"

namespace muster::core {

struct FindingAction {
  enum class Kind {
    kAcknowledge,  // Somebody knows.
    kSuppress,     // Nobody wants to hear of it, `until` then.
    kReopen,       // Takes either back.
  };
  Kind kind = Kind::kAcknowledge;
  std::string reason;
  absl::Time until;  // With suppress: at most a year ahead.
};

class FindingOperations {
 public:
  virtual ~FindingOperations() = default;
  // E-INVENTORY-FINDING, E-REQUEST-STATE for a state that the action does not lead out of,
  // E-REQUEST-INVALID.
  virtual absl::StatusOr<store::Finding> Change(Turn& turn, const Actor& actor, const FindingId& id,
                                                const FindingAction& action) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_FINDING_OPERATIONS_H_
