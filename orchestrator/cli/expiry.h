// When an operator is told that a certificate comes to its end. Pure.
#ifndef MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_
#define MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_

#include <string>

#include "absl/time/time.h"

namespace muster::cli {

// Less than 30 days are left, or less than a third of a life that is shorter than 90.
bool EndsSoon(absl::Time begin, absl::Time end, absl::Time now);
// "ends 2026-07-18 09:00 UTC, in 12 d"; "ended …, 3 d ago".
std::string EndText(absl::Time end, absl::Time now);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_EXPIRY_H_
