#include "orchestrator/core/admission/moment_watch.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {
namespace {

// How our record differs from what the worker was told; none: it does not, as far as can be known.
absl::StatusOr<std::optional<std::string>> DifferenceTo(Turn& turn,
                                                        const store::AuditLink& moment) {
  ASSIGN_OR_RETURN(const store::AuditLink last, turn.store().audit().Last());
  if (moment.sequence > last.sequence) {
    return std::optional<std::string>(absl::StrCat("this orchestrator's record ends at event ",
                                                   last.sequence, "; the worker was told of event ",
                                                   moment.sequence));
  }
  ASSIGN_OR_RETURN(const auto hash, turn.store().audit().HashAt(moment.sequence));
  if (!hash.has_value() || *hash == moment.hash) return std::optional<std::string>();
  return std::optional<std::string>(
      absl::StrCat("event ", moment.sequence,
                   " of this orchestrator's record is not the one that the worker was told of"));
}

}  // namespace

absl::StatusOr<bool> MomentWatch::Weigh(Turn& turn, const SessionOpening& opening) {
  if (!opening.moment.has_value() || opening.moment->sequence <= 0) return false;
  ASSIGN_OR_RETURN(const auto difference, DifferenceTo(turn, *opening.moment));
  if (!difference.has_value()) {
    RETURN_IF_ERROR(ClearObservations(turn, opening.server_id, {FailureCode::kSessionAhead}));
    return false;
  }
  RETURN_IF_ERROR(Observe(turn, opening.server_id, FailureCode::kSessionAhead, *difference));
  ASSIGN_OR_RETURN(const bool audited, IsAudited(turn));
  if (told_ || audited) return true;
  const std::string seen = absl::StrCat(*difference, " (server ", opening.server_id.value(), ")");
  log::Error("this orchestrator is older than its workers: a snapshot or backup was put back",
             {{"server", opening.server_id}, {"seen", *difference}});
  RETURN_IF_ERROR(Audit(turn, kSystemActor, "system.older", "system", TenantId(), seen));
  ASSIGN_OR_RETURN(audited_, turn.store().audit().Last());
  turn.AfterCommit([this, seen] {
    if (std::exchange(told_, true)) return;
    if (on_older_) on_older_(seen);
  });
  return true;
}

absl::StatusOr<bool> MomentWatch::IsAudited(Turn& turn) const {
  if (!audited_.has_value()) return false;
  ASSIGN_OR_RETURN(const auto hash, turn.store().audit().HashAt(audited_->sequence));
  return hash.has_value() && *hash == audited_->hash;
}

}  // namespace muster::core
