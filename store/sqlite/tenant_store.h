// TenantStore in SQLite.
#ifndef MUSTER_STORE_SQLITE_TENANT_STORE_H_
#define MUSTER_STORE_SQLITE_TENANT_STORE_H_

#include "base/sql/database.h"
#include "store/interface/inventory_store.h"

namespace muster::store {

// Table tenants.
class SqliteTenantStore final : public TenantStore {
 public:
  explicit SqliteTenantStore(sql::Database& db) : db_(db) {}

  absl::StatusOr<std::optional<Tenant>> Find(const TenantId& id) const override;
  absl::StatusOr<std::optional<Tenant>> Find(const TenantWall& wall,
                                             const TenantId& id) const override;
  absl::StatusOr<std::vector<Tenant>> List(const TenantWall& wall) const override;
  absl::Status Put(const Tenant& tenant) override;
  absl::Status Delete(const TenantId& id) override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_TENANT_STORE_H_
