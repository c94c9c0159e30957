#include "worker/session/heartbeat_pace.h"

#include <algorithm>

namespace muster::worker {

void HeartbeatPace::OnWelcome(absl::Duration stated) {
  stated = std::clamp(stated, kShortest, kLongest);
  if (stated != stated_) {
    learned_.reset();
    last_cut_.reset();
  }
  stated_ = stated;
}

void HeartbeatPace::OnCut(absl::Duration idle, absl::Duration open) {
  if (open >= kForgetAfter) learned_.reset();
  // With a beat due and sent the silence was no reason; very short ones are crashes of the peer.
  if (idle >= interval() || idle < 2 * kShortest) {
    last_cut_.reset();
    return;
  }
  const bool same = last_cut_.has_value() &&
                    absl::AbsDuration(idle - *last_cut_) <= std::max(absl::Seconds(1), idle / 10);
  last_cut_ = idle;
  if (!same) return;
  learned_ = std::max(kShortest, idle / 2);
  last_cut_.reset();
}

void HeartbeatPace::OnBeat(absl::Duration open) {
  if (open >= kForgetAfter) learned_.reset();
}

absl::Duration HeartbeatPace::interval() const {
  return learned_.has_value() ? std::min(*learned_, stated_) : stated_;
}

}  // namespace muster::worker
