// What a reading of the hub says about a server that it proved before. Pure.
//
//   the hub's list                                            answer
//   its record, connected, reporting, the same machine        shown
//   its record, disconnected or silent                        disconnected   lasts from the zone's patience on
//   its record, of another title or another service           another        lasts
//   its id twice, of two titles or two services               another        lasts
//   no record with its id                                     gone           lasts
//
// Proof is renewed by what is shown, and questioned by the rest. Two whole readings apart that
// question it, the later of something that lasts, take it back; one that shows the server gives it
// back (invariants 3 and 9). What is not whole renews only.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RENEWAL_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RENEWAL_H_

#include <optional>

#include "absl/time/time.h"
#include "base/failure.h"
#include "orchestrator/core/enrollment/matcher.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/options.h"
#include "store/model/server.h"

namespace muster::core {

struct Showing {
  enum class What { kShown, kGone, kDisconnected, kAnother } what = What::kShown;
  const HubInstance* instance = nullptr;  // Unless gone.
  bool renamed = false;  // With shown: its machine has another name than it was proven by.
  bool lasts = false;
  absl::Time lasts_from = absl::InfinitePast();   // With disconnected: when it will last.
  std::optional<Failure> failure = std::nullopt;  // Unless shown.
};

// `server` has a proof; `instance` is the record with the proof's id, null when there is none, and
// `contradiction` another with that id (HubIndex::Contradiction), null when there is none. `newest` is
// the newest report of the list, by the hub's clock. The hub's dates are compared with each other
// first: a hub whose clock is wrong loses nobody.
Showing ShowingOf(const store::Server& server, const HubInstance* instance,
                  const HubInstance* contradiction, const HubList& list,
                  std::optional<absl::Time> newest, absl::Duration disconnect_patience,
                  const VerifyOptions& options, absl::Time now);

// Whether the server is enrolled no more by a reading that shows this. `questioned` is since when
// readings have not shown it, before this one.
bool TakesBack(const Showing& showing, const HubReading& reading,
               std::optional<absl::Time> questioned, const VerifyOptions& options);

// When the hub is asked again about a server that is not proven, `since` so long; nothing: not for its sake.
std::optional<absl::Duration> AskAgainAfter(absl::Duration since, const VerifyOptions& options);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RENEWAL_H_
