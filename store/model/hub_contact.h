// How a zone's hub takes being read: when it was, whether it answers, until when it is left alone.
#ifndef MUSTER_STORE_MODEL_HUB_CONTACT_H_
#define MUSTER_STORE_MODEL_HUB_CONTACT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::store {

// Of the zone's present hub URL, CA and verifier: a change of one of these deletes it. Written at
// the end of each try to read the hub, and when the hub asked another zone's reading to be left
// alone; what the list says is in hub_reading.h.
struct HubContact {
  ZoneId zone_id;
  absl::Time try_time;  // The end of the last try; says nothing when there was none.
  std::optional<absl::Time> read_time;  // Of the last that succeeded: whole list or not.
  // In a row, until now; 0: the last try succeeded, and the next two are empty.
  int failures = 0;
  std::optional<absl::Time> failing_time;  // Of the first of these.
  std::optional<Failure> failure;          // Of the last of these.
  // The breaker: the hub is left alone since `open_time` until `not_before`. Both or none.
  std::optional<absl::Time> open_time;
  std::optional<absl::Time> not_before;
  // As of the last reading that succeeded.
  HubListKind list_kind = HubListKind::kUnknown;
  ForeignText hub_version;  // Empty: it does not tell.
  absl::Duration clock_offset;
  int instances = 0;
  // Whole lists that were implausibly short and showed the same records: how many, when the last
  // that counts began. 0: the last list was plausible.
  int short_readings = 0;
  int short_instances = 0;
  std::string short_digest;
  std::optional<absl::Time> short_time;
  // An operator has said that the hub may have shrunk to so many.
  std::optional<int> accepted_instances;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_HUB_CONTACT_H_
