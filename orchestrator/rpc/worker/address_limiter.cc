#include "orchestrator/rpc/worker/address_limiter.h"

#include <algorithm>

namespace muster::rpc {

double AddressLimiter::Level(const Bucket& bucket, absl::Time now) const {
  const double minutes = std::max(0.0, absl::ToDoubleMinutes(now - bucket.filled));
  return std::min(burst_, bucket.left + minutes * per_minute_);
}

bool AddressLimiter::Allow(const std::string& address, absl::Time now) {
  MutexLock lock(&mu_);
  if (now >= next_drop_) DropFull(now);
  const bool known = buckets_.contains(address);
  const std::string& key = known || buckets_.size() < kMaxAddresses ? address : std::string("*");
  Bucket& bucket = buckets_.try_emplace(key, Bucket{burst_, now}).first->second;
  bucket = {Level(bucket, now), now};
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

void AddressLimiter::DropFull(absl::Time now) {
  next_drop_ = now + absl::Minutes(1);
  absl::erase_if(buckets_, [&](const auto& entry) { return Level(entry.second, now) >= burst_; });
}

}  // namespace muster::rpc
