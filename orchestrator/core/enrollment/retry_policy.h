// Whether a failed attempt is followed by another one. Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RETRY_POLICY_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RETRY_POLICY_H_

#include <optional>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/random.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// When a failed attempt is followed by another one, or nothing: then it has failed for good.
// `attempts` counts those made, this one included.
std::optional<absl::Duration> RetryDelay(const RetryOptions& options, const Failure& failure,
                                         int attempts, Random& random);
// Whether the failure is the hub's limit of joins: the bucket slows down.
bool IsRateLimit(const Failure& failure);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RETRY_POLICY_H_
