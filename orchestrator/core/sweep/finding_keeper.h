// Makes findings of sightings: one for each fault, opened when a second reading confirms it, closed
// when a reading does not show it any more.
//
//   sighted                     suspected ─ a minute later, again, and it lasts ─► open
//                               resolved  ─ the same ──────────────────────────► reopened
//                               suppressed, and its time is over ──────────────► reopened
//   not sighted                 resolved; while its server is being joined: remediating
//   sighted, its join is over   remediating ───────────────────────────────────► reopened
//
// What comes, goes and comes back within a day (identity_changed: the record's title flips) is two
// machines with one identity: a finding of its own, which stays for a day after the last flip.
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_FINDING_KEEPER_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_FINDING_KEEPER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/finding_operations.h"
#include "orchestrator/core/options.h"
#include "orchestrator/core/sweep/sighting.h"

namespace muster::core {

// On the strand only.
class FindingKeeper final : public FindingOperations {
 public:
  FindingKeeper(const SweepOptions& options, OrderedIds& ids) : options_(options), ids_(ids) {}

  // All that a whole reading showed of the zone.
  absl::Status Take(Turn& turn, const ZoneId& zone, Sightings sightings);
  // What needs no second look, and no reading: open from now on, until readings do not show it.
  absl::Status Open(Turn& turn, const ZoneId& zone, const Sighting& sighting);
  // The zone's hub could not be read, `why`: what was proven of it gets old.
  absl::Status TakeUnread(Turn& turn, const store::Zone& zone, const std::string& why);

  // FindingOperations.
  absl::StatusOr<store::Finding> Change(Turn& turn, const Actor& actor, const FindingId& id,
                                        const FindingAction& action) override;

 private:
  absl::Status See(Turn& turn, const ZoneId& zone, const Sighting& sighting,
                   const store::Finding* known);
  absl::Status Miss(Turn& turn, store::Finding finding);
  absl::Status Begin(Turn& turn, const ZoneId& zone, const Sighting& sighting);
  // Writes it, with its event when the state is another.
  absl::Status Put(Turn& turn, store::Finding& finding, store::FindingState from,
                   const std::string& actor);

  const SweepOptions options_;
  OrderedIds& ids_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_FINDING_KEEPER_H_
