#include "orchestrator/core/pacing/token_bucket.h"

#include <algorithm>

namespace muster::core {

TokenBucket::TokenBucket(const PacingOptions& options, absl::Time now)
    : options_(options),
      rate_(std::clamp(options.initial_joins_per_minute, options.min_joins_per_minute,
                       std::max(options.min_joins_per_minute, options.max_joins_per_minute))),
      tokens_(Capacity()),
      filled_(now) {}

double TokenBucket::Capacity() const { return std::max(1.0, rate_ / 6); }

void TokenBucket::Refill(absl::Time now) {
  if (now <= filled_) return;  // The clock may step back.
  tokens_ = std::min(Capacity(), tokens_ + rate_ * absl::ToDoubleMinutes(now - filled_));
  filled_ = now;
}

bool TokenBucket::Take(absl::Time now) {
  Refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

absl::Time TokenBucket::NextToken(absl::Time now) {
  Refill(now);
  if (tokens_ >= 1) return now;
  // A millisecond on top: rounding must not bring us here again for nothing.
  return filled_ + absl::Minutes((1 - tokens_) / rate_) + absl::Milliseconds(1);
}

void TokenBucket::OnSuccess() {
  rate_ =
      std::max(rate_, std::min(rate_ + options_.growth_per_success, options_.max_joins_per_minute));
}

void TokenBucket::OnRefused(absl::Time now) {
  if (now - halved_ < options_.halve_at_most_every) return;
  Refill(now);
  halved_ = now;
  rate_ = std::max(options_.min_joins_per_minute, rate_ / 2);
  tokens_ = std::min(tokens_, 0.0);
}

}  // namespace muster::core
