#include "orchestrator/core/audit/audit_verdict.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "orchestrator/core/audit/head_text.h"

namespace muster::core {
namespace {

using store::AuditHead;
using State = AuditVerdict::State;

class Judge {
 public:
  Judge(const store::Snapshot& snapshot, const AuditKey& key) : snapshot_(snapshot), key_(key) {}

  absl::Status Chain() {
    ASSIGN_OR_RETURN(const store::AuditCheck check, snapshot_.audit().Verify());
    verdict_.events = check.events;
    verdict_.checkpoint = check.checkpoint;
    verdict_.last_sequence = check.last.sequence;
    if (check.events == 0) Broken("There is not a single event: init writes the first.");
    if (!check.intact) {
      verdict_.first_bad_sequence = check.first_bad_sequence;
      Broken(absl::StrCat("Event ", check.first_bad_sequence,
                          " is altered, or events before it are missing."));
    }
    return absl::OkStatus();
  }

  // `by_operators`: they say that these were exported, whatever key is here now. Who put another key
  // in its place wrote the log anew to fit it.
  absl::Status Heads(const std::vector<AuditHead>& heads, const char* where,
                     bool by_operators = false) {
    std::vector<AuditHead> sound;
    for (const AuditHead& head : heads) {
      if (head.key_id != key_.id()) {
        ++of_other_keys_;
        if (by_operators) RETURN_IF_ERROR(One(head, where));
        continue;
      }
      if (!IsSigned(key_, head)) {
        Broken(absl::StrCat("The head at event ", head.sequence, where,
                            " does not have the key's signature."));
        continue;
      }
      if (head.kind == AuditHead::Kind::kRestored) Restored(head);
      sound.push_back(head);
    }
    for (const AuditHead& head : sound) {
      if (seen_.insert(LineOf(head)).second) RETURN_IF_ERROR(One(head, where));
    }
    return absl::OkStatus();
  }

  absl::Status Lines(const std::vector<std::string>& lines, const char* where,
                     bool by_operators = false) {
    std::vector<AuditHead> heads;
    for (size_t i = 0; i < lines.size(); ++i) {
      absl::StatusOr<AuditHead> head = ParseHead(lines[i]);
      if (head.ok()) {
        heads.push_back(*std::move(head));
      } else {
        Broken(absl::StrCat("Line ", i + 1, where, " is no head."));
      }
    }
    return Heads(heads, where, by_operators);
  }

  AuditVerdict Finish() && {
    verdict_.heads = static_cast<int>(seen_.size());
    if (seen_.empty() && verdict_.events > 0) {
      Broken("No signed head vouches for the log; a running orchestrator signs one at its start.");
    }
    if (of_other_keys_ > 0) {
      verdict_.remarks.push_back(
          absl::StrCat(of_other_keys_,
                       " heads were signed by another key and prove nothing; "
                       "restore audit/key.pem if it was replaced."));
    }
    return std::move(verdict_);
  }

 private:
  void Broken(std::string why) {
    verdict_.state = State::kBroken;
    verdict_.remarks.push_back(std::move(why));
  }

  void Restored(const AuditHead& head) {
    if (!seen_restores_.insert(LineOf(head)).second) return;
    restores_.push_back(head);
    if (verdict_.state == State::kIntact) verdict_.state = State::kRestored;
    verdict_.remarks.push_back(absl::StrCat(
        "On ", absl::FormatTime(absl::RFC3339_sec, head.time, absl::UTCTimeZone()),
        " an older copy of the database was found: events ", head.sequence, " to ", head.before,
        " of before are lost. If nobody restored a backup then, its end "
        "was cut off."));
  }

  // What was vouched for behind the point that the log was restored to is gone, and known to be.
  bool IsKnownToBeLost(const AuditHead& head) const {
    return std::any_of(restores_.begin(), restores_.end(), [&](const AuditHead& restore) {
      return head.sequence >= restore.sequence && head.sequence <= restore.before &&
             head.time < restore.time;
    });
  }

  absl::Status One(const AuditHead& head, const char* where) {
    ASSIGN_OR_RETURN(const std::optional<std::string> hash,
                     snapshot_.audit().HashAt(head.sequence));
    if (hash.has_value() && *hash == head.hash) return absl::OkStatus();
    if (!hash.has_value() && head.sequence <= verdict_.checkpoint) return absl::OkStatus();
    if (IsKnownToBeLost(head)) return absl::OkStatus();
    if (verdict_.first_bad_sequence == 0 || head.sequence < verdict_.first_bad_sequence) {
      verdict_.first_bad_sequence = head.sequence;
    }
    Broken(hash.has_value() ? absl::StrCat("Event ", head.sequence, " is not the one that a head",
                                           where, " vouches for.")
                            : absl::StrCat("Event ", head.sequence, ", which a head", where,
                                           " vouches for, is missing: the log ends at ",
                                           verdict_.last_sequence, "."));
    return absl::OkStatus();
  }

  const store::Snapshot& snapshot_;
  const AuditKey& key_;
  AuditVerdict verdict_;
  std::set<std::string> seen_;
  std::vector<AuditHead> restores_;
  std::set<std::string> seen_restores_;
  int of_other_keys_ = 0;
};

}  // namespace

absl::StatusOr<AuditVerdict> JudgeAudit(const store::Snapshot& snapshot, const AuditKey& key,
                                        const std::vector<std::string>& book,
                                        const std::vector<std::string>& exported) {
  Judge judge(snapshot, key);
  RETURN_IF_ERROR(judge.Chain());
  ASSIGN_OR_RETURN(const std::vector<AuditHead> heads, snapshot.audit().ListHeads());
  RETURN_IF_ERROR(judge.Heads(heads, ""));
  RETURN_IF_ERROR(judge.Lines(book, " of audit/heads.log"));
  RETURN_IF_ERROR(judge.Lines(exported, " of the exported ones", /*by_operators=*/true));
  return std::move(judge).Finish();
}

}  // namespace muster::core
