#include "store/model/rollout.h"

namespace muster::store {

int& CountOf(TargetCounts& counts, TargetState state) {
  switch (state) {
    case TargetState::kWaiting:
      return counts.waiting;
    case TargetState::kInFlight:
      return counts.in_flight;
    case TargetState::kVerifying:
      return counts.verifying;
    case TargetState::kSucceeded:
      return counts.succeeded;
    case TargetState::kFailed:
      return counts.failed;
    case TargetState::kInDoubt:
      return counts.in_doubt;
    case TargetState::kStraggler:
      return counts.stragglers;
    case TargetState::kCanceled:
      return counts.canceled;
  }
  return counts.total;
}

}  // namespace muster::store
