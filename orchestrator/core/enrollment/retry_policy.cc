#include "orchestrator/core/enrollment/retry_policy.h"

#include "base/failure_code.h"

namespace muster::core {

bool IsRateLimit(const Failure& failure) {
  return failure.code == FailureCode::kJoinRateLimited ||
         failure.code == FailureCode::kHubRateLimited;
}

std::optional<absl::Duration> RetryDelay(const RetryOptions& options, const Failure& failure,
                                         int attempts, Random& random) {
  if (!IsTransient(failure.code) || attempts >= options.max_attempts) return std::nullopt;
  const absl::Duration delay = BackoffDelay(options.backoff, attempts - 1, random);
  // The hub counts in windows of a minute (certify.md 6.1): earlier is in vain.
  return IsRateLimit(failure) ? absl::Minutes(1) + delay : delay;
}

}  // namespace muster::core
