// Keeps a flood from outside out of the log: whoever knocks a thousand times a second is told of a
// few times a minute, with the number of times that were not told.
//
//   if (const auto quiet = refusals_.Admit(clock.Steady())) {
//     log::Warning("call refused", {{"address", peer}, {"not_told_before", *quiet}});
//   }
#ifndef MUSTER_BASE_LOG_THROTTLE_H_
#define MUSTER_BASE_LOG_THROTTLE_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/token_bucket.h"

namespace muster::log {

// Thread-safe. One for each kind of line; addresses share it, so that many of them make no flood.
class Throttle {
 public:
  // At most `per_minute` lines on the average, `burst` at once.
  explicit Throttle(double per_minute = 30, double burst = 10);

  // `steady` is Clock::Steady(). None: say nothing. Else how many lines were withheld since the
  // last one that was said.
  std::optional<uint64_t> Admit(absl::Duration steady);

 private:
  Mutex mu_;
  TokenBucket bucket_ ABSL_GUARDED_BY(mu_);
  uint64_t withheld_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster::log

#endif  // MUSTER_BASE_LOG_THROTTLE_H_
