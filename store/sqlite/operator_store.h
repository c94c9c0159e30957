// OperatorStore in SQLite: operators, their roles and the tenants that each may see.
#ifndef MUSTER_STORE_SQLITE_OPERATOR_STORE_H_
#define MUSTER_STORE_SQLITE_OPERATOR_STORE_H_

#include "base/sql/database.h"
#include "store/interface/identity_store.h"

namespace muster::store {

// Tables operators, operator_tenants.
class SqliteOperatorStore final : public OperatorStore {
 public:
  explicit SqliteOperatorStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Operator>> Find(const OperatorId& id) const override;
  absl::StatusOr<std::vector<Operator>> List() const override;
  absl::Status Insert(const Operator& op) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_OPERATOR_STORE_H_
