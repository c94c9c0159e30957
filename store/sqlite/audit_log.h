// AuditLog in SQLite: an append-only table whose rows are chained by hashes.
#ifndef MUSTER_STORE_SQLITE_AUDIT_LOG_H_
#define MUSTER_STORE_SQLITE_AUDIT_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sql/database.h"
#include "store/interface/work_store.h"

namespace muster::store {

// Table audit_events. hash = SHA-256(hash before, sequence, time, actor, action, subject, tenant,
// detail), each text with its length in front; triggers refuse UPDATE and DELETE.
//
// The last link of the chain is remembered between two appends; whoever undoes appends says so with
// Forget().
class SqliteAuditLog final : public AuditLog {
 public:
  explicit SqliteAuditLog(sql::Database& db) : db_(db) {}
  // The next Append reads the last link from the table again.
  void Forget() { last_.reset(); }

  absl::Status Append(const AuditEvent& event) override;
  absl::StatusOr<std::vector<AuditEvent>> List(absl::string_view subject,
                                               const std::vector<TenantId>& visible_tenants,
                                               int64_t before, int limit) const override;
  absl::StatusOr<AuditCheck> Verify() const override;

 private:
  struct Link {
    int64_t sequence = 0;
    std::string hash;
  };
  absl::StatusOr<Link> ReadLast() const;

  sql::Database& db_;
  std::optional<Link> last_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_AUDIT_LOG_H_
