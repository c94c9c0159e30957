#include "orchestrator/core/control/clock_drift.h"

#include <algorithm>
#include <iterator>

namespace muster::core {
namespace {

// Two clocks are not read at one instant.
constexpr absl::Duration kNoise = absl::Milliseconds(5);

}  // namespace

void ClockDrift::Note(absl::Time now, absl::Duration steady) {
  const Knot knot{now, now - absl::UnixEpoch() - steady};
  if (knots_.size() >= 2) {
    const Knot& before = knots_[knots_.size() - 2];
    const Knot& last = knots_.back();
    const bool even = absl::AbsDuration(last.drift - before.drift) < kNoise &&
                      absl::AbsDuration(knot.drift - before.drift) < kNoise;
    if (even || now < before.now + kSpacing) knots_.pop_back();
  }
  knots_.push_back(knot);
  while (knots_.size() > 2 && knots_[1].now + kRemembered < now) knots_.pop_front();
}

absl::Duration ClockDrift::DriftAt(absl::Time date) const {
  const auto next =
      std::upper_bound(knots_.begin(), knots_.end(), date,
                       [](absl::Time when, const Knot& knot) { return when < knot.now; });
  if (next == knots_.begin()) return knots_.front().drift;
  const Knot& before = *std::prev(next);
  if (next == knots_.end()) return before.drift;
  const double part = absl::FDivDuration(date - before.now, next->now - before.now);
  return before.drift + part * (next->drift - before.drift);
}

absl::Duration ClockDrift::AgeOf(absl::Time date) const {
  if (knots_.empty()) return absl::ZeroDuration();
  return knots_.back().now - date - (knots_.back().drift - DriftAt(date));
}

}  // namespace muster::core
