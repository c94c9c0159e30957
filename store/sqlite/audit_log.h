#ifndef MUSTER_STORE_SQLITE_AUDIT_LOG_H_
#define MUSTER_STORE_SQLITE_AUDIT_LOG_H_

#include "base/sql/database.h"
#include "store/interface/work_store.h"

namespace muster::store {

// Table audit_events. hash = SHA-256(hash before, sequence, time, actor, action, subject, tenant,
// detail), each text with its length in front; triggers refuse UPDATE and DELETE.
class SqliteAuditLog final : public AuditLog {
 public:
  explicit SqliteAuditLog(sql::Database& db) : db_(db) {}

  absl::Status Append(const AuditEvent& event) override;
  absl::StatusOr<std::vector<AuditEvent>> List(absl::string_view subject,
                                               const std::vector<TenantId>& visible_tenants,
                                               int64_t before, int limit) const override;
  absl::StatusOr<AuditCheck> Verify() const override;

 private:
  sql::Database& db_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_AUDIT_LOG_H_
