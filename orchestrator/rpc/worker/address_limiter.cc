#include "orchestrator/rpc/worker/address_limiter.h"

namespace muster::rpc {

bool AddressLimiter::Allow(const std::string& address, absl::Time now) {
  MutexLock lock(&mu_);
  if (now >= next_drop_ || now < last_) DropFull(now);
  last_ = now;
  const bool known = buckets_.contains(address);
  const std::string& key = known || buckets_.size() < kMaxAddresses ? address : std::string("*");
  return buckets_.try_emplace(key, per_minute_, burst_, now).first->second.Take(now);
}

void AddressLimiter::DropFull(absl::Time now) {
  next_drop_ = now + absl::Minutes(1);
  absl::erase_if(buckets_, [&](auto& entry) { return entry.second.IsFull(now); });
}

}  // namespace muster::rpc
