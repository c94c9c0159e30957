// OperatorStore in SQLite: operators, their roles, certificates, and the tenants that each may see.
#ifndef MUSTER_STORE_SQLITE_OPERATOR_STORE_H_
#define MUSTER_STORE_SQLITE_OPERATOR_STORE_H_

#include "base/sql/database.h"
#include "store/interface/identity_store.h"

namespace muster::store {

// Tables operators, operator_tenants, operator_certificates.
class SqliteOperatorStore final : public OperatorStore {
 public:
  explicit SqliteOperatorStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Operator>> Find(const OperatorId& id) const override;
  absl::StatusOr<std::optional<Operator>> FindByName(absl::string_view name) const override;
  absl::StatusOr<std::vector<Operator>> List() const override;
  absl::StatusOr<std::vector<Operator>> List(const TenantWall& wall,
                                             const OperatorId& self) const override;
  absl::StatusOr<std::optional<Operator>> Find(const TenantWall& wall, const OperatorId& self,
                                               const OperatorId& id) const override;
  absl::StatusOr<bool> IsRevoked(const OperatorId& id) const override;
  absl::Status Insert(const Operator& op) override;
  absl::Status PutCertificate(const OperatorId& id, const OperatorCertificate& certificate,
                              absl::Time others_until) override;
  absl::Status Revoke(const OperatorId& id, absl::Time time, absl::string_view by,
                      absl::string_view reason) override;
  absl::StatusOr<int> Prune(absl::Time revoked_before, int limit) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_OPERATOR_STORE_H_
