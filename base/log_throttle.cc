#include "base/log_throttle.h"

#include <utility>

namespace muster::log {

Throttle::Throttle(double per_minute, double burst)
    : bucket_(per_minute, burst, absl::UnixEpoch()) {}

std::optional<uint64_t> Throttle::Admit(absl::Duration steady) {
  MutexLock lock(&mu_);
  if (bucket_.Take(absl::UnixEpoch() + steady)) return std::exchange(withheld_, 0);
  ++withheld_;
  return std::nullopt;
}

}  // namespace muster::log
