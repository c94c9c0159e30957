#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace muster {

absl::Duration BackoffDelay(const BackoffOptions& options, int failures, Random& random) {
  // 2^60 is beyond every cap; limiting the exponent keeps the product finite.
  const double growth = std::pow(options.factor, std::clamp(failures, 0, 60));
  const absl::Duration bound = std::min(options.cap, options.first * growth);
  return std::max(absl::Milliseconds(1), bound * (1.0 - random.Fraction()));
}

}  // namespace muster
