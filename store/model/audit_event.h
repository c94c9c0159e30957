// The audit log: events in one chain of hashes, and heads, which vouch from outside of the chain
// for where it had come.
#ifndef MUSTER_STORE_MODEL_AUDIT_EVENT_H_
#define MUSTER_STORE_MODEL_AUDIT_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/tenant_wall.h"

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

// Which events, newest first. What is empty or absent asks for all, but for the wall.
struct AuditQuery {
  std::string subject;
  std::string actor;                // With its kind ("operator:opr-…") or by its id alone.
  std::optional<absl::Time> since;  // At this time or later.
  std::optional<absl::Time> until;  // Before this time.
  TenantWall wall = TenantWall();   // Events of no tenant are seen without a wall only.
  int64_t before = 0;               // The last sequence of the page before; 0: from the newest.
  int limit = 0;                    // 0: none.
};

// Where the chain had come at an event.
struct AuditLink {
  int64_t sequence = 0;  // 0: before the first event.
  std::string hash;      // 32 bytes.
};

// An event in the chain of its tenant, which runs inside of the log's: its link covers the event and
// the tenant's link before it, and the event's hash covers the link. Who sees the events of one
// tenant alone can tell that none is missing or altered.
struct LinkedEvent {
  AuditEvent event;
  std::string link;  // 32 bytes; empty: written before there were links.
};

// A signed link.
struct AuditHead {
  enum class Kind {
    kHead,        // The chain had come so far.
    kCheckpoint,  // What lies at or before is out of the retention; the chain begins behind it.
    kRestored,    // A start found the database behind what was vouched for: `before` says how far.
  };
  Kind kind = Kind::kHead;
  int64_t sequence = 0;
  std::string hash;
  absl::Time time;
  int64_t before = 0;  // Of kRestored only.
  std::string key_id;
  std::string signature;
};
absl::string_view ToString(AuditHead::Kind kind);  // "head", "checkpoint", "restored"
bool FromString(absl::string_view text, AuditHead::Kind& kind);

// The chain by itself: what the heads say of it is orchestrator/core/audit's to judge.
struct AuditCheck {
  bool intact = true;
  int64_t events = 0;
  int64_t first_bad_sequence = 0;
  int64_t checkpoint = 0;  // The chain begins behind this event; 0: with the first.
  AuditLink last;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_AUDIT_EVENT_H_
