// A moment as text, the same in failures, findings, reports and answers.
#ifndef MUSTER_BASE_UTC_TEXT_H_
#define MUSTER_BASE_UTC_TEXT_H_

#include <string>

#include "absl/time/time.h"

namespace muster {

// "2026-07-18T09:00:00Z" (RFC 3339, whole seconds).
inline std::string UtcText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace muster

#endif  // MUSTER_BASE_UTC_TEXT_H_
