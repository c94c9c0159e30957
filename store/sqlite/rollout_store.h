// RolloutStore in SQLite: rollouts, their targets and how many targets stand where.
#ifndef MUSTER_STORE_SQLITE_ROLLOUT_STORE_H_
#define MUSTER_STORE_SQLITE_ROLLOUT_STORE_H_

#include <utility>

#include "base/sql/database.h"
#include "store/interface/work_store.h"
#include "store/sqlite/target_table.h"

namespace muster::store {

// Table rollouts here; tables targets and target_counts in target_table.cc. What UpdateTarget moves
// is counted in memory and comes into target_counts with WriteCounts, once for many targets: before
// each commit, and before it is read.
class SqliteRolloutStore final : public RolloutStore {
 public:
  explicit SqliteRolloutStore(sql::Database& db) : db_(db) {}
  absl::Status WriteCounts() const;
  // What has not been written, for whoever may undo what comes from here on; and that again.
  TargetMoves UnwrittenCounts() const { return moved_; }
  void RestoreCounts(TargetMoves unwritten) { moved_ = std::move(unwritten); }

  absl::StatusOr<std::optional<Rollout>> Find(const RolloutId& id) const override;
  absl::StatusOr<std::optional<Rollout>> Find(const TenantWall& wall,
                                              const RolloutId& id) const override;
  absl::StatusOr<std::vector<Rollout>> List(const RolloutQuery& query) const override;
  absl::StatusOr<std::vector<Rollout>> ListUnfinished() const override;
  absl::StatusOr<int> CountUnfinished(const TenantWall& wall) const override;
  absl::StatusOr<std::vector<StateCount>> CountByState(const TenantWall& wall) const override;
  absl::StatusOr<TargetCounts> Count(const RolloutId& id) const override;
  absl::StatusOr<TargetCounts> Count(const TenantWall& wall, const RolloutId& id) const override;

  absl::Status Insert(const Rollout& rollout, const std::vector<Target>& targets) override;
  absl::Status Move(const RolloutId& id, RolloutState from, RolloutState to,
                    absl::string_view reason,
                    const std::optional<absl::Time>& finish_time) override;
  absl::Status SetForgivenFailures(const RolloutId& id, int failures) override;

  absl::StatusOr<std::optional<Target>> FindTarget(const RolloutId& rollout,
                                                   const ServerId& server) const override;
  absl::StatusOr<std::vector<Target>> ListTargets(const TargetQuery& query) const override;
  absl::StatusOr<std::vector<Target>> ListTargets(const TenantWall& wall,
                                                  const TargetQuery& query) const override;
  absl::StatusOr<std::optional<RolloutId>> FindActiveRolloutOf(
      const ServerId& server) const override;
  absl::Status UpdateTarget(const Target& target, TargetState from) override;
  absl::StatusOr<int> Prune(absl::Time finished_before, int limit) override;

 private:
  sql::Database& db_;
  mutable TargetMoves moved_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_ROLLOUT_STORE_H_
