// Tables targets and target_counts, for SqliteRolloutStore. The counts are kept beside the targets,
// so that a rollout of 50,000 targets is counted by reading at most eight rows.
#ifndef MUSTER_STORE_SQLITE_TARGET_TABLE_H_
#define MUSTER_STORE_SQLITE_TARGET_TABLE_H_

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/sql/database.h"
#include "store/model/rollout.h"

namespace muster::store {

// By how many targets each count changes.
using TargetMoves = std::map<std::pair<RolloutId, TargetState>, int>;

absl::Status AddToCounts(sql::Database& db, const TargetMoves& moves);
absl::StatusOr<TargetCounts> CountTargets(sql::Database& db, const TenantWall& wall,
                                          const RolloutId& rollout);
// AlreadyExists when a server is an unfinished target of another rollout or twice in the list.
absl::Status InsertTargets(sql::Database& db, const RolloutId& rollout,
                           const std::vector<Target>& targets);
absl::StatusOr<std::optional<Target>> FindTarget(sql::Database& db, const RolloutId& rollout,
                                                 const ServerId& server);
absl::StatusOr<std::vector<Target>> ListTargets(sql::Database& db, const TenantWall& wall,
                                                const TargetQuery& query);
// Leaves the counts to the caller.
absl::Status UpdateTarget(sql::Database& db, const Target& target, TargetState from);

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_TARGET_TABLE_H_
