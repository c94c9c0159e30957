#include "store/sqlite/tenant_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

constexpr char kTenantColumns[] = "id, display_name, create_time_us FROM tenants";

Tenant ReadTenant(const sql::Row& row) {
  return Tenant{row.Get<TenantId>(0), row.Text(1), row.Time(2)};
}

}  // namespace

absl::StatusOr<std::optional<Tenant>> SqliteTenantStore::Find(const TenantId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kTenantColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadTenant);
}

absl::StatusOr<std::optional<Tenant>> SqliteTenantStore::Find(const TenantWall& wall,
                                                              const TenantId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("id", wall);
  return where.Build(db_, kTenantColumns, "").One(ReadTenant);
}

absl::StatusOr<std::vector<Tenant>> SqliteTenantStore::List(const TenantWall& wall) const {
  Where where;
  where.AndWithin("id", wall);
  return where.Build(db_, kTenantColumns, "ORDER BY id").All(ReadTenant);
}

absl::Status SqliteTenantStore::Put(const Tenant& tenant) {
  return db_
      .Cached(
          "INSERT INTO tenants (id, display_name, create_time_us) VALUES (?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name")
      .RunWith(tenant.id, tenant.display_name, tenant.create_time);
}

absl::Status SqliteTenantStore::Delete(const TenantId& id) {
  for (const char* statement :
       {"DELETE FROM target_counts WHERE rollout_id IN (SELECT id FROM rollouts WHERE tenant_id = "
        "?)",
        "DELETE FROM rollouts WHERE tenant_id = ?",
        "DELETE FROM operator_tenants WHERE tenant_id = ? AND operator_id IN "
        "(SELECT id FROM operators WHERE revoke_time_us IS NOT NULL)",
        "DELETE FROM tenants WHERE id = ?"}) {
    RETURN_IF_ERROR(Explain(db_.Cached(statement).RunWith(id),
                            sql::ErrorKind::kConstraintForeignKey,
                            absl::StrCat("tenant ", id.value(), " still has zones or operators")));
  }
  return CheckChanged(db_, absl::StrCat("tenant ", id.value()));
}

}  // namespace muster::store
