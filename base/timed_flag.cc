#include "base/timed_flag.h"

#include <algorithm>
#include <chrono>

namespace muster {

void TimedFlag::Set() {
  const std::lock_guard<std::mutex> lock(mu_);
  set_ = true;
  changed_.notify_all();
}

void TimedFlag::Clear() {
  const std::lock_guard<std::mutex> lock(mu_);
  set_ = false;
}

bool TimedFlag::Await(absl::Duration limit) {
  // The library adds the limit to its clock: a century is no limit, and does not overflow.
  const auto bounded = std::clamp(limit, absl::ZeroDuration(), absl::Hours(24 * 365 * 100));
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(bounded);
  std::unique_lock<std::mutex> lock(mu_);
  return changed_.wait_until(lock, until, [this] { return set_; });
}

}  // namespace muster
