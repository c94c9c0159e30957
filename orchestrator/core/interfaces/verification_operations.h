// What operators ask of the hubs. See posted.h for how this is called.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_VERIFICATION_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_VERIFICATION_OPERATIONS_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/posted.h"

namespace muster::core {

struct ZoneVerification {
  ZoneId zone_id;
  enum class State { kCompleted, kPartial, kFailed } state = State::kFailed;
  int instances = 0;
  int servers = 0;
  int unmatched = 0;  // Records of no server that was proven.
  int enrolled = 0;   // Servers that are said to be enrolled, after the reading.
  int confirmed = 0;  // Of these, the ones that this reading shows.
  int degraded = 0;   // Were enrolled until this reading.
  int healed = 0;     // Are enrolled by this reading.
  std::optional<Failure> failure;
};

class VerificationOperations {
 public:
  virtual ~VerificationOperations() = default;

  // Reads the hubs of these zones now (one poll each, shared with polls under way) and settles what
  // they prove. One line per zone in the given order, after the commit of the last; it may take as
  // long as the slowest hub. E-INVENTORY-ZONE.
  virtual absl::Status Verify(Turn& turn, Answer<std::vector<ZoneVerification>> done,
                              const Actor& actor, const std::vector<ZoneId>& zones) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_VERIFICATION_OPERATIONS_H_
