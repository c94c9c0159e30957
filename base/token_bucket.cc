#include "base/token_bucket.h"

#include <algorithm>

namespace muster {

TokenBucket::TokenBucket(double per_minute, double capacity, absl::Time now)
    : per_minute_(per_minute), capacity_(capacity), tokens_(capacity), filled_(now) {}

void TokenBucket::Refill(absl::Time now) {
  if (now <= filled_) {
    // After a step back it would stand still until the old time comes again.
    filled_ = now;
    return;
  }
  tokens_ = std::min(capacity_, tokens_ + per_minute_ * absl::ToDoubleMinutes(now - filled_));
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
  // A millisecond on top: rounding must not bring the caller here again for nothing.
  return filled_ + absl::Minutes((1 - tokens_) / per_minute_) + absl::Milliseconds(1);
}

bool TokenBucket::IsFull(absl::Time now) {
  Refill(now);
  return tokens_ >= capacity_;
}

void TokenBucket::SetRate(double per_minute, double capacity, absl::Time now) {
  Refill(now);
  per_minute_ = per_minute;
  capacity_ = capacity;
  tokens_ = std::min(tokens_, capacity_);
}

void TokenBucket::Empty(absl::Time now) {
  Refill(now);
  tokens_ = std::min(tokens_, 0.0);
}

}  // namespace muster
