// The memory of a zone's last hub reading, by which the next is judged (invariant 9).
#ifndef MUSTER_STORE_MODEL_HUB_READING_H_
#define MUSTER_STORE_MODEL_HUB_READING_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"

namespace muster::store {

// What the last reading of a zone's hub gave. `instances` of the last whole reading is what the
// next is held against (invariant 9).
struct HubReading {
  ZoneId zone_id;
  std::optional<absl::Time> read_time;  // Last whole, plausible reading.
  int instances = 0;
  int unmatched = 0;               // Records that fit no server of the inventory.
  std::optional<Failure> failure;  // Of the last try; none when it succeeded.
  absl::Time try_time;
  // The hub that `instances` is of; empty: not known.
  std::string hub_url;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_HUB_READING_H_
