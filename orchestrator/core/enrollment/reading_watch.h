// Whoever wants to hear what a whole reading shows of all servers of its zones: today the sweeps, which
// make findings of it.
//
//   Begin(reading) ─► Passed(server), Judged(server, showing), … ─► EndZone ─► …
//
// Of readings that are not whole nobody hears: they prove nothing that is missing (invariant 9).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_READING_WATCH_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_READING_WATCH_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/enrollment/matcher.h"
#include "orchestrator/core/enrollment/renewal.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/server.h"

namespace muster::core {

// Who was proven by a record, or waits for proof by it; null: nobody. Good until the next turn.
using HolderOfRecord = std::function<const ServerId*(const HubInstanceId&)>;

// What is noted on one walk. Dies with it.
class WalkNotes {
 public:
  virtual ~WalkNotes() = default;
  // Each server of the zones, but the retired, as it was before the reading.
  virtual void Passed(const store::Server& server) = 0;
  // Each that has a proof, right after it was passed.
  virtual void Judged(const store::Server& server, const Showing& showing) = 0;
  // All of the zone were passed. False: there is more to do than fits a turn; call again in another.
  virtual absl::StatusOr<bool> EndZone(Turn& turn, const ZoneId& zone) = 0;
};

class ReadingWatch {
 public:
  virtual ~ReadingWatch() = default;
  // All of these live as long as the notes.
  virtual std::unique_ptr<WalkNotes> Begin(const HubReading& reading, const HubIndex& index,
                                           HolderOfRecord holder) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_READING_WATCH_H_
