// Reads the dates that hubs of all versions write (certify.md 4.1, 8).
#ifndef MUSTER_ORCHESTRATOR_HUB_ISO_TIME_H_
#define MUSTER_ORCHESTRATOR_HUB_ISO_TIME_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::hub {

// "2026-07-18T09:00:30.1234567+02:00": any number of fraction digits or none; an offset, Z, or
// nothing, which is taken as UTC. None for any other text, and for years before 2000: that is how
// .NET writes a date that was never set.
std::optional<absl::Time> ParseIsoTime(absl::string_view text);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_ISO_TIME_H_
