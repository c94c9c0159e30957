// A token bucket per caller: per source address for calls that need no certificate, per server for
// renewals.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_ADDRESS_LIMITER_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_ADDRESS_LIMITER_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/token_bucket.h"

namespace muster::rpc {

// Thread-safe. Remembers addresses only while their bucket is not full; at most kMaxAddresses,
// beyond which unknown addresses share one bucket.
class AddressLimiter {
 public:
  static constexpr size_t kMaxAddresses = 50'000;

  AddressLimiter(double per_minute, double burst) : per_minute_(per_minute), burst_(burst) {}

  // Takes one call from the address's bucket. False when it is empty.
  bool Allow(const std::string& address, absl::Time now);

 private:
  void DropFull(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const double per_minute_;
  const double burst_;
  Mutex mu_;
  absl::flat_hash_map<std::string, TokenBucket> buckets_ ABSL_GUARDED_BY(mu_);
  absl::Time next_drop_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time last_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_ADDRESS_LIMITER_H_
