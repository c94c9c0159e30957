#include "orchestrator/core/housekeeping/housekeeper.h"

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

constexpr absl::Duration kLongestPeak = absl::Hours(1);
constexpr int kIndexRows = 2000;  // Some milliseconds.

}  // namespace

void Housekeeper::Start(absl::Time now) {
  agenda_.At(now + options_.between_steps, [this](Turn& turn) { return Step(turn); });
}

absl::Status Housekeeper::Step(Turn& turn) {
  const auto again = [&](absl::Duration after) {
    agenda_.At(turn.now() + after, [this](Turn& next) { return Step(next); });
  };
  if (control_.busy()) {
    busy_since_ = std::min(busy_since_, turn.now());
    if (turn.now() - busy_since_ < kLongestPeak) {
      again(options_.between_steps * 10);
      return absl::OkStatus();
    }
  }
  busy_since_ = absl::InfiniteFuture();
  bool more = false;
  // One kind that cannot be pruned must not keep the others.
  const auto prune = [&](const char* what, absl::FunctionRef<absl::StatusOr<int>()> step) {
    int rows = 0;
    const absl::Status status = turn.Alone([&]() -> absl::Status {
      ASSIGN_OR_RETURN(rows, step());
      return absl::OkStatus();
    });
    if (!status.ok()) log::Error("nothing was pruned", {{"what", what}, {"error", status}});
    more |= status.ok() && rows >= options_.rows_per_step;
  };
  const auto aged = [&](const char* what, absl::Duration keep,
                        absl::FunctionRef<absl::StatusOr<int>(absl::Time)> step) {
    if (keep > absl::ZeroDuration()) prune(what, [&] { return step(turn.now() - keep); });
  };
  store::Transaction& store = turn.store();
  const int limit = options_.rows_per_step;
  prune("commands", [&] { return store.attempts().Prune(turn.now() - command_memory_, limit); });
  aged("rollouts", options_.rollouts,
       [&](absl::Time before) { return store.rollouts().Prune(before, limit); });
  aged("findings", options_.findings,
       [&](absl::Time before) { return store.findings().Prune(before, limit); });
  aged("sweeps", options_.sweeps,
       [&](absl::Time before) { return store.sweeps().Prune(before, limit); });
  aged("deliveries", options_.notifications,
       [&](absl::Time before) { return store.notifications().Prune(before, limit); });
  aged("token refusals", options_.refusals,
       [&](absl::Time before) { return store.tokens().PruneRefusals(before, limit); });
  aged("certificates", options_.certificates,
       [&](absl::Time before) { return store.certificates().Prune(before, limit); });
  aged("tokens", options_.tokens,
       [&](absl::Time before) { return store.tokens().Prune(before, limit); });
  aged("request ids", options_.request_ids,
       [&](absl::Time before) { return store.requests().Prune(before, limit); });
  // As long as the events that name them.
  aged("revoked operators", options_.audit,
       [&](absl::Time before) { return store.operators().Prune(before, limit); });
  prune("audit events", [&] { return PruneAudit(turn); });
  prune("index of audit events", [&] { return store.audit().IndexSubjects(kIndexRows); });
  again(more ? options_.between_steps : options_.every);
  return absl::OkStatus();
}

absl::StatusOr<int> Housekeeper::PruneAudit(Turn& turn) {
  store::AuditLog& audit = turn.store().audit();
  ASSIGN_OR_RETURN(const int left, audit.Prune(options_.rows_per_step));
  if (left > 0 || !heads_.enabled()) return left;
  // All before the last checkpoint is gone: is it time for the next?
  ASSIGN_OR_RETURN(const store::AuditLink last, audit.Last());
  store::AuditLink cut;
  if (options_.audit > absl::ZeroDuration()) {
    ASSIGN_OR_RETURN(cut, audit.LastBefore(turn.now() - options_.audit));
  }
  // The newest stays: a log without any event is a broken one.
  if (cut.sequence >= last.sequence) cut.sequence = last.sequence - 1;
  const int64_t too_many = options_.audit_events > 0 ? last.sequence - options_.audit_events : 0;
  cut.sequence = std::max(cut.sequence, too_many);
  // A checkpoint is worth its signature from a step's worth of events on.
  ASSIGN_OR_RETURN(const std::optional<std::string> first,
                   audit.HashAt(std::max<int64_t>(1, cut.sequence - options_.rows_per_step)));
  ASSIGN_OR_RETURN(const std::optional<std::string> hash, audit.HashAt(cut.sequence));
  if (!first.has_value() || !hash.has_value()) return 0;
  RETURN_IF_ERROR(heads_.MakeCheckpoint(turn, store::AuditLink{cut.sequence, *hash}));
  return options_.rows_per_step;  // The next step deletes.
}

}  // namespace muster::core
