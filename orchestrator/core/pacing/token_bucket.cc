#include "orchestrator/core/pacing/token_bucket.h"

#include <algorithm>

namespace muster::core {

namespace {

// What ten seconds bring, and at least one.
double CapacityAt(double per_minute) { return std::max(1.0, per_minute / 6); }

double FirstRate(const PacingOptions& options) {
  return std::clamp(options.initial_joins_per_minute, options.min_joins_per_minute,
                    std::max(options.min_joins_per_minute, options.max_joins_per_minute));
}

}  // namespace

TokenBucket::TokenBucket(const PacingOptions& options, absl::Time now)
    : options_(options), bucket_(FirstRate(options), CapacityAt(FirstRate(options)), now) {}

void TokenBucket::OnSuccess(absl::Time now) {
  const double faster =
      std::min(joins_per_minute() + options_.growth_per_success, options_.max_joins_per_minute);
  if (faster > joins_per_minute()) bucket_.SetRate(faster, CapacityAt(faster), now);
}

void TokenBucket::OnRefused(absl::Time now) {
  if (now - halved_ < options_.halve_at_most_every) return;
  halved_ = now;
  const double slower = std::max(options_.min_joins_per_minute, joins_per_minute() / 2);
  bucket_.SetRate(slower, CapacityAt(slower), now);
  bucket_.Empty(now);
}

}  // namespace muster::core
