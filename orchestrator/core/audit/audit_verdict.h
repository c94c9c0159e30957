// Whether the audit log is what was written: its chain, its count and its end against the signed
// heads in the database, in the book beside it, and in what was exported.
//
//   found                                                         verdict
//   no event at all                                               broken
//   an event altered, or missing in between                       broken, with its sequence
//   a head without a true signature                               broken
//   an event that a head vouches for is missing or another one    broken
//   the same of an exported head, whatever key signed it          broken
//   no head though the log has events                             broken
//   the same, but a start has said so since                       restored: intact, and less than once
//   none of these                                                 intact
#ifndef MUSTER_ORCHESTRATOR_CORE_AUDIT_AUDIT_VERDICT_H_
#define MUSTER_ORCHESTRATOR_CORE_AUDIT_AUDIT_VERDICT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "store/interface/store.h"

namespace muster::core {

struct AuditVerdict {
  enum class State { kIntact, kRestored, kBroken };
  State state = State::kIntact;
  int64_t events = 0;              // In the database.
  int64_t first_bad_sequence = 0;  // 0: none.
  int64_t checkpoint = 0;          // Events up to this one were pruned, or wait to be.
  int64_t last_sequence = 0;
  int heads = 0;                     // That were checked, each once.
  std::vector<std::string> remarks;  // Whole sentences: what is broken, what was restored.
};

// `exported`: lines that `muster audit heads` gave at some time; may be empty. Reads the whole log.
absl::StatusOr<AuditVerdict> JudgeAudit(const store::Snapshot& snapshot, const AuditKey& key,
                                        const std::vector<std::string>& book,
                                        const std::vector<std::string>& exported);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_AUDIT_AUDIT_VERDICT_H_
