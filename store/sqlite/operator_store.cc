#include "store/sqlite/operator_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kOperatorColumns[] =
    "id, name, role, created_by, create_time_us, revoke_time_us, revoked_by, revoke_reason "
    "FROM operators";
constexpr char kOperatorOrder[] = "ORDER BY name, create_time_us";

absl::StatusOr<Operator> ReadOperator(const sql::Row& row) {
  Operator op;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(op.id, op.name, op.role, op.created_by, op.create_time, op.revoke_time,
                            op.revoked_by, op.revoke_reason)
                      .status());
  return op;
}

absl::StatusOr<OperatorCertificate> ReadOperatorCertificate(const sql::Row& row) {
  OperatorCertificate certificate;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(certificate.id, certificate.public_key_hash, certificate.pem,
                            certificate.not_after, certificate.create_time)
                      .status());
  return certificate;
}

// The one place that says who sees whom (docs/security.md).
void AndVisible(Where& where, const TenantWall& wall, const OperatorId& self) {
  where.AndSharedWithin("id", self.value(), "operator_tenants", "operator_id", wall);
}

absl::Status AddOperatorParts(sql::Database& db, Operator& op) {
  ASSIGN_OR_RETURN(
      op.tenants,
      db.Cached("SELECT tenant_id FROM operator_tenants WHERE operator_id = ? ORDER BY tenant_id")
          .BindAll(op.id)
          .All([](const sql::Row& row) { return row.Get<TenantId>(0); }));
  ASSIGN_OR_RETURN(op.certificates,
                   db.Cached("SELECT serial, public_key_hash, certificate_pem, not_after_us, "
                             "create_time_us FROM operator_certificates WHERE operator_id = ? "
                             "ORDER BY create_time_us DESC, not_after_us DESC")
                       .BindAll(op.id)
                       .All(ReadOperatorCertificate));
  return absl::OkStatus();
}

absl::Status WriteOperatorCertificate(sql::Database& db, const OperatorId& id,
                                      const OperatorCertificate& certificate) {
  return db
      .Cached(
          "INSERT OR REPLACE INTO operator_certificates (operator_id, public_key_hash, serial, "
          "certificate_pem, not_after_us, create_time_us) VALUES (?, ?, ?, ?, ?, ?)")
      .RunWith(id, certificate.public_key_hash, certificate.id, certificate.pem,
               certificate.not_after, certificate.create_time);
}

std::string Name(const OperatorId& id) { return absl::StrCat("operator ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Operator>> SqliteOperatorStore::Find(const OperatorId& id) const {
  ASSIGN_OR_RETURN(auto op, db_.Cached(absl::StrCat("SELECT ", kOperatorColumns, " WHERE id = ?"))
                                .BindAll(id)
                                .One(ReadOperator));
  if (op.has_value()) RETURN_IF_ERROR(AddOperatorParts(db_, *op));
  return op;
}

absl::StatusOr<std::optional<Operator>> SqliteOperatorStore::FindByName(
    absl::string_view name) const {
  ASSIGN_OR_RETURN(auto op, db_.Cached(absl::StrCat("SELECT ", kOperatorColumns,
                                                    " WHERE name = ? AND revoke_time_us IS NULL "
                                                    "ORDER BY create_time_us LIMIT 1"))
                                .BindAll(name)
                                .One(ReadOperator));
  if (op.has_value()) RETURN_IF_ERROR(AddOperatorParts(db_, *op));
  return op;
}

absl::StatusOr<std::vector<Operator>> SqliteOperatorStore::List() const {
  return List(TenantWall::Everything(), OperatorId());
}

absl::StatusOr<std::vector<Operator>> SqliteOperatorStore::List(const TenantWall& wall,
                                                                const OperatorId& self) const {
  Where where;
  AndVisible(where, wall, self);
  ASSIGN_OR_RETURN(auto operators,
                   where.Build(db_, kOperatorColumns, kOperatorOrder).All(ReadOperator));
  for (Operator& op : operators) RETURN_IF_ERROR(AddOperatorParts(db_, op));
  return operators;
}

absl::StatusOr<std::optional<Operator>> SqliteOperatorStore::Find(const TenantWall& wall,
                                                                  const OperatorId& self,
                                                                  const OperatorId& id) const {
  Where where;
  where.And("id = ?", {id.value()});
  AndVisible(where, wall, self);
  ASSIGN_OR_RETURN(auto op, where.Build(db_, kOperatorColumns, "").One(ReadOperator));
  if (op.has_value()) RETURN_IF_ERROR(AddOperatorParts(db_, *op));
  return op;
}

absl::StatusOr<bool> SqliteOperatorStore::IsRevoked(const OperatorId& id) const {
  ASSIGN_OR_RETURN(const auto revoked,
                   db_.Cached("SELECT revoke_time_us IS NOT NULL FROM operators WHERE id = ?")
                       .BindAll(id)
                       .One([](const sql::Row& row) { return row.Get<bool>(0); }));
  return revoked.value_or(false);
}

absl::Status SqliteOperatorStore::Insert(const Operator& op) {
  if (op.tenants.empty() && op.role != OperatorRole::kProviderAdmin) {
    return absl::FailedPreconditionError(
        absl::StrCat("operator ", op.name, ": the role ", ToString(op.role), " needs a tenant"));
  }
  RETURN_IF_ERROR(
      Explain(db_.Cached("INSERT INTO operators (id, name, role, created_by, create_time_us, "
                         "revoke_time_us, revoked_by, revoke_reason) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                  .RunWith(op.id, op.name, ToString(op.role), op.created_by, op.create_time,
                           op.revoke_time, op.revoked_by, op.revoke_reason),
              ErrorKind::kConstraintUnique, absl::StrCat(Name(op.id), " exists")));
  for (const TenantId& tenant : op.tenants) {
    RETURN_IF_ERROR(Explain(
        db_.Cached("INSERT INTO operator_tenants (operator_id, tenant_id) VALUES (?, ?)")
            .RunWith(op.id, tenant),
        ErrorKind::kConstraintForeignKey,
        absl::StrCat("operator ", op.name, ": tenant ", tenant.value(), " does not exist")));
  }
  for (const OperatorCertificate& certificate : op.certificates) {
    RETURN_IF_ERROR(WriteOperatorCertificate(db_, op.id, certificate));
  }
  return absl::OkStatus();
}

absl::Status SqliteOperatorStore::PutCertificate(const OperatorId& id,
                                                 const OperatorCertificate& certificate,
                                                 absl::Time others_until) {
  RETURN_IF_ERROR(db_.Cached("UPDATE operator_certificates SET not_after_us = min(not_after_us, ?) "
                             "WHERE operator_id = ?")
                      .RunWith(others_until, id));
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM operator_certificates WHERE operator_id = ? AND not_after_us <= ?")
          .RunWith(id, certificate.create_time));
  return Explain(WriteOperatorCertificate(db_, id, certificate), ErrorKind::kConstraintForeignKey,
                 absl::StrCat(Name(id), " does not exist"));
}

absl::Status SqliteOperatorStore::Revoke(const OperatorId& id, absl::Time time,
                                         absl::string_view by, absl::string_view reason) {
  RETURN_IF_ERROR(db_.Cached("UPDATE operators SET revoke_time_us = ?, revoked_by = ?, "
                             "revoke_reason = ? WHERE id = ? AND revoke_time_us IS NULL")
                      .RunWith(time, by, reason, id));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const auto there,
      db_.Cached("SELECT 1 FROM operators WHERE id = ?").BindAll(id).One([](const sql::Row& row) {
        return row.Get<bool>(0);
      }));
  if (!there.has_value()) return absl::NotFoundError(absl::StrCat(Name(id), " does not exist"));
  return absl::AbortedError(absl::StrCat(Name(id), " is revoked"));
}

absl::StatusOr<int> SqliteOperatorStore::Prune(absl::Time revoked_before, int limit) {
  RETURN_IF_ERROR(db_.Cached("DELETE FROM operators WHERE id IN (SELECT id FROM operators "
                             "WHERE revoke_time_us < ? ORDER BY revoke_time_us LIMIT ?)")
                      .RunWith(revoked_before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
