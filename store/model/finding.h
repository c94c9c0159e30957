// A finding: one confirmed difference between what the inventory says and what the hub, or a worker,
// shows. One for each fault, however often it is seen (docs/verification.md).
#ifndef MUSTER_STORE_MODEL_FINDING_H_
#define MUSTER_STORE_MODEL_FINDING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/ids.h"
#include "store/model/server.h"
#include "store/model/states.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

// Of a server whose worker's identity several machines use: with its id.
inline constexpr char kWorkerSubject[] = "worker ";

struct Finding {
  FindingId id;
  TenantId tenant_id;
  ZoneId zone_id;
  FindingKind kind = FindingKind::kMissing;
  // With zone and kind what makes it this one: a server's id, "record <hub id>", "machine <hash>",
  // "worker <server id>" (kWorkerSubject), or "hub".
  std::string subject;
  ServerId server_id;             // Empty: about no server of the inventory.
  HubInstanceId hub_instance_id;  // Of the hub record that it is about; empty: none.
  FindingState state = FindingState::kSuspected;
  ForeignText evidence;  // What was seen last: the hub's own words among ours.
  int64_t times = 0;     // Readings that showed it.
  absl::Time first_seen;
  absl::Time last_seen;
  std::optional<absl::Time> seen_since;  // Since when every reading has; none: the last did not.
  absl::Time state_time;
  std::optional<absl::Time> suppressed_until;
  std::string actor;   // Who acknowledged, suppressed or reopened it; empty: nobody.
  std::string reason;  // And why.
};

// The code that says who can mend findings of this kind, and how.
FailureCode CodeOf(FindingKind kind);
Severity SeverityOf(FindingKind kind);

struct FindingQuery {
  TenantWall wall = TenantWall();    // Nothing is found without one.
  Selection selection;               // Its tenant and zone.
  ServerId server_id;                // Set: only those about it.
  std::vector<FindingKind> kinds;    // Empty: all.
  std::vector<FindingState> states;  // Empty: all but the resolved.
  FindingId after;                   // Cursor: the last row of the page before; by id.
  int limit = 200;                   // 0: no limit.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_FINDING_H_
