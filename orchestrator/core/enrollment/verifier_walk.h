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

inline constexpr int kServersPerPage = 500;  // Read in one turn.

inline MatchSubject SubjectOf(const store::Claim& claim) {
  return {claim.hub_instance_id, claim.internal_instance_id, claim.machine_name};
}

inline store::HubProof ProofBy(const HubInstance& record, store::MatchKind by, absl::Time now) {
  store::HubProof proof{record.id,    by,
                        now,          record.reported_time.value_or(now),
                        record.title, record.internal_instance_id,
                        std::nullopt};
  return proof;
}

struct Verifier::Job {
  std::vector<ZoneVerification> lines;
  size_t remaining = 0;
  std::function<void(std::vector<ZoneVerification>)> done;
};

struct Verifier::Walk {
  explicit Walk(std::shared_ptr<const IndexedReading> r)
      : read(std::move(r)), reading(&read->reading), index(read->index) {}
  const std::shared_ptr<const IndexedReading> read;
  const HubReading* const reading;
  const HubIndex& index;
  // Who waits by each record, as of the turn that took the reading up.
  absl::flat_hash_map<HubInstanceId, std::vector<ServerId>> contenders;
  // What became of a zone's servers.
  struct Tally {
    int servers = 0;
    int enrolled = 0;
    int confirmed = 0;
    int degraded = 0;
    int healed = 0;
    bool passed_all = true;  // Nobody was left out for an error.
    absl::Time again = absl::InfiniteFuture();
  };
  std::vector<Line> asking;
  std::vector<ZoneId> zones;  // Left to check.
  std::string cursor;
  bool all_passed = false;  // Of the zone that is checked.
  bool notable = false;     // And its end says what is missing.
  std::map<ZoneId, Tally> tallies;
  std::unique_ptr<WalkNotes> notes;  // Null: nobody watches.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_VERIFIER_WALK_H_
