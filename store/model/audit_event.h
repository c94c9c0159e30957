// The audit log: what was changed or refused, by whom, chained by hashes (invariant 5).
#ifndef MUSTER_STORE_MODEL_AUDIT_EVENT_H_
#define MUSTER_STORE_MODEL_AUDIT_EVENT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "base/ids.h"

namespace muster::store {

// One immutable record of a change or a refusal. The store gives sequence and hash: each hash
// covers the event and the hash before it.
struct AuditEvent {
  int64_t sequence = 0;
  absl::Time time;
  std::string actor;    // "operator:opr-…", "worker:srv-…", "system"
  std::string action;   // "server.enrollment", "token.create", "attempt.state", …
  std::string subject;  // Id of what changed.
  TenantId tenant_id;   // Empty: of no one tenant.
  std::string detail;   // "joining → joined_unverified (att-…)"; never a secret.
};

struct AuditCheck {
  bool intact = true;
  int64_t events = 0;
  int64_t first_bad_sequence = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_AUDIT_EVENT_H_
