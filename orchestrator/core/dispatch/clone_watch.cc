#include "orchestrator/core/dispatch/clone_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"

namespace muster::core {

absl::Status CloneWatch::Replaced(Turn& turn, const ServerId& server, absl::string_view old_address,
                                  absl::string_view address) {
  std::vector<absl::Time>& times = replaced_[server];
  const absl::Time since = turn.now() - kCloneWindow;
  times.erase(
      std::remove_if(times.begin(), times.end(), [since](absl::Time time) { return time < since; }),
      times.end());
  times.push_back(turn.now());
  if (times.size() == 1) {
    agenda_.At(turn.now() + kCloneWindow,
               [this, server](Turn& later) { return Calm(later, server); });
  }
  if (times.size() < kCloneReplacements) return absl::OkStatus();
  return Observe(
      turn, server, FailureCode::kSessionReplaced,
      old_address == address
          ? absl::StrCat("sessions end each other, all from ", address)
          : absl::StrCat("sessions end each other, from ", std::min(old_address, address), " and ",
                         std::max(old_address, address)));
}

absl::Status CloneWatch::Opened(Turn& turn, const ServerId& server) {
  if (replaced_.contains(server)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto seen,
                   turn.store().observations().Find(server, FailureCode::kSessionReplaced));
  if (!seen.has_value() || turn.now() - seen->last_seen < kCloneWindow) return absl::OkStatus();
  return ClearObservations(turn, server, {FailureCode::kSessionReplaced});
}

absl::Status CloneWatch::Calm(Turn& turn, const ServerId& server) {
  const auto it = replaced_.find(server);
  if (it == replaced_.end()) return absl::OkStatus();
  const absl::Time calm = it->second.back() + kCloneWindow;
  if (turn.now() < calm) {
    agenda_.At(calm, [this, server](Turn& later) { return Calm(later, server); });
    return absl::OkStatus();
  }
  replaced_.erase(it);
  return ClearObservations(turn, server, {FailureCode::kSessionReplaced});
}

}  // namespace muster::core
