// A sweep: one comparison of a zone's hub with the inventory, and when they come.
#ifndef MUSTER_STORE_MODEL_SWEEP_H_
#define MUSTER_STORE_MODEL_SWEEP_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/server.h"
#include "store/model/states.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

struct SweepCounts {
  int instances = 0;  // Records of the hub's list, without the hub's own.
  int unmatched = 0;  // Of these, the ones of no server.
  int servers = 0;    // Of the zone, without the retired.
  int enrolled = 0;   // As ZoneVerification.
  int confirmed = 0;
  int degraded = 0;
  int healed = 0;
  int findings = 0;  // Unresolved ones of the zone at the end.
  int asked = 0;     // Workers: those of open sessions that were not at a command.
  int answered = 0;
  int disagreed = 0;  // Of these, the ones whose service says otherwise than the hub.
};

struct Sweep {
  SweepId id;
  TenantId tenant_id;
  ZoneId zone_id;
  SweepState state = SweepState::kRunning;
  SweepTrigger trigger = SweepTrigger::kSchedule;
  std::string actor;   // Who asked; "system" by schedule.
  std::string reason;  // Why failed, partial or skipped: "E-HUB-…: …"
  absl::Time start_time;
  std::optional<absl::Time> finish_time;
  SweepCounts counts;
  // What became otherwise since the sweep before, a line each: findings that opened, were resolved
  // or came back. Bounded; the last line says how many more there are.
  std::vector<std::string> differences;
};

struct SweepQuery {
  TenantWall wall = TenantWall();  // Nothing is found without one.
  Selection selection;             // Its tenant and zone.
  SweepId before;                  // Cursor: the last row of the page before.
  int limit = 200;                 // 0: no limit.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_SWEEP_H_
