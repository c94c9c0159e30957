#include "store/sqlite/operator_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kSelectOperator[] =
    "SELECT id, name, role, public_key_hash, disabled, create_time_us FROM operators";

absl::StatusOr<Operator> ReadOperator(const sql::Row& row) {
  Operator op;
  RETURN_IF_ERROR(
      ColumnReader(row)
          .Read(op.id, op.name, op.role, op.public_key_hash, op.disabled, op.create_time)
          .status());
  return op;
}

absl::Status AddTenants(sql::Database& db, Operator& op) {
  ASSIGN_OR_RETURN(
      op.tenants,
      db.Cached("SELECT tenant_id FROM operator_tenants WHERE operator_id = ? ORDER BY tenant_id")
          .BindAll(op.id)
          .All([](const sql::Row& row) { return row.Get<TenantId>(0); }));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Operator>> SqliteOperatorStore::Find(const OperatorId& id) const {
  ASSIGN_OR_RETURN(
      auto op,
      db_.Cached(absl::StrCat(kSelectOperator, " WHERE id = ?")).BindAll(id).One(ReadOperator));
  if (op.has_value()) RETURN_IF_ERROR(AddTenants(db_, *op));
  return op;
}

absl::StatusOr<std::vector<Operator>> SqliteOperatorStore::List() const {
  ASSIGN_OR_RETURN(auto operators,
                   db_.Cached(absl::StrCat(kSelectOperator, " ORDER BY name")).All(ReadOperator));
  for (Operator& op : operators) RETURN_IF_ERROR(AddTenants(db_, op));
  return operators;
}

absl::Status SqliteOperatorStore::Insert(const Operator& op) {
  RETURN_IF_ERROR(
      Explain(db_.Cached("INSERT INTO operators (id, name, role, public_key_hash, disabled, "
                         "create_time_us) VALUES (?, ?, ?, ?, ?, ?)")
                  .RunWith(op.id, op.name, ToString(op.role), op.public_key_hash, op.disabled,
                           op.create_time),
              ErrorKind::kConstraintUnique,
              absl::StrCat("an operator named ", op.name, " exists; choose another name")));
  for (const TenantId& tenant : op.tenants) {
    RETURN_IF_ERROR(Explain(
        db_.Cached("INSERT INTO operator_tenants (operator_id, tenant_id) VALUES (?, ?)")
            .RunWith(op.id, tenant),
        ErrorKind::kConstraintForeignKey,
        absl::StrCat("operator ", op.name, ": tenant ", tenant.value(), " does not exist")));
  }
  return absl::OkStatus();
}

}  // namespace muster::store
