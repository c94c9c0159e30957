// Findings in SQLite.
#ifndef MUSTER_STORE_SQLITE_FINDING_STORE_H_
#define MUSTER_STORE_SQLITE_FINDING_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "base/sql/database.h"
#include "store/interface/finding_store.h"

namespace muster::store {

class SqliteFindingStore final : public FindingStore {
 public:
  explicit SqliteFindingStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Finding>> Find(const TenantWall& wall,
                                              const FindingId& id) const override;
  absl::StatusOr<std::optional<Finding>> FindOf(const ZoneId& zone, FindingKind kind,
                                                const std::string& subject) const override;
  absl::StatusOr<std::vector<Finding>> List(const FindingQuery& query) const override;
  absl::StatusOr<std::vector<Finding>> ListUnresolved(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<Finding>> ListChanged(const ZoneId& zone, absl::Time since,
                                                   int limit) const override;
  absl::StatusOr<int> CountUnresolved(const ZoneId& zone) const override;
  absl::StatusOr<std::vector<Count>> CountBy(const FindingQuery& query) const override;
  absl::Status Insert(const Finding& finding) override;
  absl::Status Update(const Finding& finding, FindingState from) override;
  absl::StatusOr<int> Prune(absl::Time before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_FINDING_STORE_H_
