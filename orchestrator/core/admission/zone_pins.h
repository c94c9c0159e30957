// Zone pins: the versions that tie workers to their zone's hub and policy
// (docs/decisions/zone-pins.md).
//
//   apply changes what a pin holds ─► a higher version ─► pushed to all who are connected
//   a worker connects ─► Hello's pin ─┬─ older or the same ─► Welcome carries ours
//                                     ├─ newer, says the same ─► our version is raised to it
//                                     └─ newer, says something else ─► observed; an operator decides
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_ZONE_PINS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_ZONE_PINS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/core/dispatch/session_table.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "store/model/server.h"
#include "store/model/zone.h"

namespace muster::core {

ZonePin PinOf(const store::Zone& zone);

// Gives the zone the version of a pin that is made now: higher than the one before, and, by its
// time, than every one of an orchestrator whose backup this is. For those who change hub_url,
// allow_cli_join or service_account before they put the zone.
void RaisePinVersion(store::Zone& zone, absl::Time now);

// The pin for a worker's Welcome, after what it holds (absent: nobody knows) was weighed as above.
absl::StatusOr<ZonePin> WeighHeldPin(Turn& turn, ZoneTable& zones, const store::Server& server,
                                     const std::optional<ZonePin>& held);

// A worker's answer to a pin that it was offered.
absl::Status NoteHeldPin(Turn& turn, ZoneTable& zones, const Session& session, const ZonePin& held,
                         absl::string_view problem);

// Sends its zone's pin to a session, or to every one, that is ready and has an older one.
absl::Status PushPin(Turn& turn, ZoneTable& zones, Session& session, WorkerLink& workers);
absl::Status PushPins(Turn& turn, ZoneTable& zones, SessionTable& sessions, WorkerLink& workers);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_ZONE_PINS_H_
