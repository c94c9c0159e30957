// A rollout and its targets.
#ifndef MUSTER_STORE_MODEL_ROLLOUT_H_
#define MUSTER_STORE_MODEL_ROLLOUT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/model/server.h"
#include "store/model/states.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

struct Rollout {
  RolloutId id;
  TenantId tenant_id;  // Set when the selection names one tenant; empty: several.
  CommandKind kind = CommandKind::kJoin;
  RolloutState state = RolloutState::kPlanned;
  std::string reason;  // Why paused.
  Selection selection;
  std::string max_concurrency;  // As written: "10" or "10%".
  std::string max_failures;
  std::string max_in_doubt;
  bool allow_takeover = false;
  bool force = false;  // Servers that are enrolled already are joined again.
  int forgiven_failures =
      0;             // Failures that happened before the last resume; the limit counts from here.
  std::string note;  // Servers that were left to other rollouts; empty: none.
  std::string created_by;  // "operator:opr-…"
  absl::Time create_time;
  absl::Time deadline;  // Nothing begins later.
  std::optional<absl::Time> finish_time;
};

struct Target {
  RolloutId rollout_id;
  ServerId server_id;
  ZoneId zone_id;
  std::string name;  // The server's, for lists.
  TargetState state = TargetState::kWaiting;
  std::optional<Failure> failure;
  int attempts = 0;
  std::optional<absl::Time> next_try_time;  // A retry waits until then.
  // In doubt, and the rollout was resumed since: it counts no more and holds no slot.
  bool doubt_forgiven = false;
  std::optional<absl::Time> finish_time;
};

struct TargetCounts {
  int total = 0;
  int waiting = 0;
  int in_flight = 0;
  int verifying = 0;
  int succeeded = 0;
  int failed = 0;
  int in_doubt = 0;
  int stragglers = 0;
  int canceled = 0;
};

// The one of the counts that targets in `state` are counted in.
int& CountOf(TargetCounts& counts, TargetState state);

// Which rollouts, newest first.
struct RolloutQuery {
  TenantWall wall = TenantWall();    // A rollout of several tenants is seen without a wall only.
  TenantId tenant_id;                // Set: only this tenant's.
  std::vector<RolloutState> states;  // Empty: all.
  RolloutId before;  // Cursor: the last row of the page before; nothing when the wall hides it.
  int limit = 200;   // 0: no limit.
};

struct TargetQuery {
  RolloutId rollout_id;
  std::vector<TargetState> states;  // Empty: all.
  std::string after;                // Cursor: the last row's "zone/name" in lower case.
  int limit = 200;                  // 0: no limit.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_ROLLOUT_H_
