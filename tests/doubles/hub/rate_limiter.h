// RateLimiter counts calls in fixed windows of a minute per policy and partition (row H-10,
// certify.md 6.1). On the hub's loop.
#ifndef MUSTER_TESTS_DOUBLES_HUB_RATE_LIMITER_H_
#define MUSTER_TESTS_DOUBLES_HUB_RATE_LIMITER_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace muster::doubles {

class RateLimiter {
 public:
  // Takes a permit of `policy` for `partition`; a window starts with its first call. nullopt:
  // admitted, else how long the window still lasts. A limit below 1 admits everything.
  std::optional<absl::Duration> Take(const std::string& policy, const std::string& partition,
                                     int limit, absl::Time now) {
    if (limit < 1) return std::nullopt;
    Window& window = windows_[{policy, partition}];
    if (window.used == 0 || now >= window.start + absl::Minutes(1)) window = {now, 0};
    if (window.used >= limit) return window.start + absl::Minutes(1) - now;
    ++window.used;
    return std::nullopt;
  }
  void Reset() { windows_.clear(); }

 private:
  struct Window {
    absl::Time start;
    int used = 0;
  };
  std::map<std::pair<std::string, std::string>, Window> windows_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_RATE_LIMITER_H_
