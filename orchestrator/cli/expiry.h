// When something comes to its end: how that is written, and when an operator is told of it. Pure.
#ifndef MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_
#define MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::cli {

// Less than 30 days are left, or less than a third of a life that is shorter than 90.
bool EndsSoon(absl::Time begin, absl::Time end, absl::Time now);
// "ends 2026-07-18 09:00 UTC, in 12 d"; "ended …, 3 d ago".
std::string EndText(absl::Time end, absl::Time now);

// Of a flag or a file: "2027-01-31", which is that day's beginning in UTC, or
// "2027-01-31T12:00:00Z"; "never" is the infinite future. InvalidArgument says what may be written.
absl::StatusOr<absl::Time> ParseExpiry(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_
