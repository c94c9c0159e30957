// A reading on its way through those whom it is about; for the verifier's own sources.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_WALK_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_WALK_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "orchestrator/core/enrollment/verifier.h"

namespace muster::core {

inline MatchSubject SubjectOf(const store::Claim& claim) {
  return {claim.hub_instance_id, claim.internal_instance_id, claim.machine_name};
}

struct Verifier::Walk {
  explicit Walk(std::shared_ptr<const HubReading> r)
      : reading(std::move(r)), index(reading->list) {}
  const std::shared_ptr<const HubReading> reading;
  const HubIndex index;
  // Who waits by each record, as of the turn that took the reading up.
  absl::flat_hash_map<HubInstanceId, std::vector<ServerId>> contenders;
  std::vector<Line> asking;
  std::vector<ZoneId> zones;  // Left to check.
  std::string cursor;
  std::map<ZoneId, int> confirmed;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_WALK_H_
