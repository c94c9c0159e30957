// Sweeps in SQLite.
#ifndef MUSTER_STORE_SQLITE_SWEEP_STORE_H_
#define MUSTER_STORE_SQLITE_SWEEP_STORE_H_

#include <optional>
#include <vector>

#include "base/sql/database.h"
#include "store/interface/sweep_store.h"

namespace muster::store {

class SqliteSweepStore final : public SweepStore {
 public:
  explicit SqliteSweepStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Sweep>> Find(const TenantWall& wall,
                                            const SweepId& id) const override;
  absl::StatusOr<std::vector<Sweep>> List(const SweepQuery& query) const override;
  absl::StatusOr<std::optional<Sweep>> FindLast(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<Sweep>> ListRunning() const override;
  absl::Status Insert(const Sweep& sweep) override;
  absl::Status Update(const Sweep& sweep, SweepState from) override;
  absl::StatusOr<int> Prune(absl::Time before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_SWEEP_STORE_H_
