// Durations as people write them: "90s", "1h30m", "24h", "7d".
#ifndef MUSTER_BASE_YAML_DURATION_TEXT_H_
#define MUSTER_BASE_YAML_DURATION_TEXT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::yaml {

// The duration that `text` says, or none: units are d, h, m, s and ms, the whole is finite. A
// number without a unit is none, except "0".
std::optional<absl::Duration> ParseDurationText(absl::string_view text);

}  // namespace muster::yaml

#endif  // MUSTER_BASE_YAML_DURATION_TEXT_H_
