#include "tests/doubles/http/sim_clock.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::doubles {

std::shared_ptr<SimClock> SimClock::Real(double speed) {
  return std::shared_ptr<SimClock>(new SimClock(absl::Now(), speed));
}

std::shared_ptr<SimClock> SimClock::Manual(absl::Time start) {
  return std::shared_ptr<SimClock>(new SimClock(start, 0));
}

absl::Time SimClock::NowLocked() const {
  absl::Time now = start_ + advanced_;
  if (speed_ > 0) now += (absl::Now() - real_start_) * speed_;
  return now;
}

absl::Time SimClock::Now() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return NowLocked();
}

void SimClock::Advance(absl::Duration step) {
  std::vector<std::function<void()>> listeners;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    advanced_ += step;
    for (const auto& [handle, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) listener();
}

absl::Duration SimClock::RealUntil(absl::Time when) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const absl::Duration left = when - NowLocked();
  if (left <= absl::ZeroDuration()) return absl::ZeroDuration();
  if (speed_ <= 0) return absl::InfiniteDuration();
  return left / speed_;
}

int SimClock::Subscribe(std::function<void()> listener) {
  std::lock_guard<std::mutex> lock(mutex_);
  listeners_[next_handle_] = std::move(listener);
  return next_handle_++;
}

void SimClock::Unsubscribe(int handle) {
  std::lock_guard<std::mutex> lock(mutex_);
  listeners_.erase(handle);
}

}  // namespace muster::doubles
