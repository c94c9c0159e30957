#include "orchestrator/core/audit/head_keeper.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/audit/head_text.h"
#include "orchestrator/core/control/server_change.h"

namespace muster::core {

using store::AuditHead;
using store::AuditLink;

absl::Status HeadKeeper::Recover(Turn& turn) {
  if (!enabled()) return absl::OkStatus();
  WakeLater(turn.now());
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, book_->Read());
  ASSIGN_OR_RETURN(const AuditLink last, turn.store().audit().Last());
  ASSIGN_OR_RETURN(const std::vector<AuditHead> heads, turn.store().audit().ListHeads());
  recovered_ = true;
  const std::set<std::string> in_book(lines.begin(), lines.end());
  for (const AuditHead& head : heads) {
    signed_sequence_ = std::max(signed_sequence_, head.sequence);
    signed_time_ = std::max(signed_time_, head.time);
    if (std::string line = LineOf(head); !in_book.contains(line)) {
      turn.AfterCommit(
          [this, line = std::move(line)]() mutable { book_->Append(std::move(line)); });
    }
  }
  // The newest that the book vouches for, unless a later start has said already that it is gone.
  int64_t vouched = 0;
  for (const std::string& line : lines) {
    const absl::StatusOr<AuditHead> head = ParseHead(line);
    if (!head.ok() || !IsSigned(*key_, *head)) continue;
    if (head->kind == AuditHead::Kind::kRestored) vouched = 0;
    vouched = std::max(vouched, head->sequence);
  }
  if (vouched <= last.sequence) return Consider(turn);
  log::Error(
      "the audit log ends before what its heads vouch for: an older copy was restored, or its "
      "end was cut off",
      {{"last_event", last.sequence}, {"vouched_for", vouched}});
  RETURN_IF_ERROR(Audit(turn, kSystemActor, "audit.restored", "audit", TenantId(),
                        absl::StrCat("the log ended at event ", last.sequence,
                                     "; signed heads vouch for events up to ", vouched)));
  ASSIGN_OR_RETURN(const AuditLink now, turn.store().audit().Last());
  return Sign(turn, {.kind = AuditHead::Kind::kRestored,
                     .sequence = now.sequence,
                     .hash = now.hash,
                     .time = turn.now(),
                     .before = vouched});
}

absl::Status HeadKeeper::Consider(Turn& turn) {
  if (!enabled()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const AuditLink last, turn.store().audit().Last());
  const int64_t fresh = last.sequence - signed_sequence_;
  if (fresh <= 0 || (fresh < options_.every_events && turn.now() - signed_time_ < options_.every)) {
    return absl::OkStatus();
  }
  return Sign(turn, {.sequence = last.sequence, .hash = last.hash, .time = turn.now()});
}

absl::Status HeadKeeper::SignEnd(Turn& turn) {
  if (!recovered_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const AuditLink last, turn.store().audit().Last());
  if (last.sequence <= signed_sequence_) return absl::OkStatus();
  return Sign(turn, {.sequence = last.sequence, .hash = last.hash, .time = turn.now()});
}

absl::Status HeadKeeper::MakeCheckpoint(Turn& turn, const AuditLink& link) {
  if (!enabled() || link.sequence == 0) return absl::OkStatus();
  return Sign(turn, {.kind = AuditHead::Kind::kCheckpoint,
                     .sequence = link.sequence,
                     .hash = link.hash,
                     .time = turn.now()});
}

absl::Status HeadKeeper::Sign(Turn& turn, AuditHead head) {
  RETURN_IF_ERROR(SignHead(*key_, head));
  RETURN_IF_ERROR(turn.store().audit().AppendHead(head));
  signed_sequence_ = std::max(signed_sequence_, head.sequence);
  signed_time_ = head.time;
  turn.AfterCommit([this, line = LineOf(head)]() mutable {
    // The log of the process leaves the machine in many places: one more copy out of reach.
    log::Info("audit head", {{"line", line}});
    book_->Append(std::move(line));
  });
  return absl::OkStatus();
}

// A turn of its own, for when nothing else happens.
void HeadKeeper::WakeLater(absl::Time now) {
  agenda_.At(now + options_.every, [this](Turn& turn) {
    WakeLater(turn.now());
    return absl::OkStatus();
  });
}

}  // namespace muster::core
