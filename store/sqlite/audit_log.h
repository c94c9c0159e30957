// AuditLog in SQLite: an append-only table whose rows are chained by hashes.
#ifndef MUSTER_STORE_SQLITE_AUDIT_LOG_H_
#define MUSTER_STORE_SQLITE_AUDIT_LOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/sql/database.h"
#include "store/interface/work_store.h"
#include "store/sqlite/where.h"

namespace muster::store {

// Table audit_events:
//
//   link = SHA-256(the tenant's link before, sequence, time, actor, action, subject, tenant, detail)
//   hash = SHA-256(hash before, link)
//
// each text with its length in front. Events from before there were links have none, and their hash
// was made of the hash before in the place of the link before. Triggers refuse UPDATE, and DELETE
// behind the newest checkpoint. Table audit_ends: the links of events that were pruned last, of each
// tenant. Table audit_heads: what vouches for the chain. Table audit_subjects: which events are
// about a subject, up to the sequence in audit_indexed; what comes behind is read.
//
// The last links of the chains are remembered between two appends; whoever undoes appends says so
// with Forget().
class SqliteAuditLog final : public AuditLog {
 public:
  explicit SqliteAuditLog(sql::Database& db) : db_(db) {}
  // The next Append reads the last links from the tables again.
  void Forget() {
    last_.reset();
    links_.clear();
  }

  using AuditLog::List;
  absl::Status Append(const AuditEvent& event) override;
  absl::StatusOr<std::vector<AuditEvent>> List(const AuditQuery& query) const override;
  absl::StatusOr<std::vector<AuditEvent>> ListBehind(
      int64_t sequence, int window, const std::vector<std::string>& actions) const override;
  absl::StatusOr<AuditCheck> Verify() const override;
  absl::StatusOr<AuditLink> Last() const override;
  absl::StatusOr<std::optional<std::string>> HashAt(int64_t sequence) const override;
  absl::StatusOr<AuditLink> LastBefore(absl::Time time) const override;
  absl::StatusOr<std::vector<LinkedEvent>> ListLinked(const TenantWall& wall,
                                                      const TenantId& tenant, int64_t after,
                                                      int limit) const override;
  absl::StatusOr<std::string> LinkAt(const TenantWall& wall, const TenantId& tenant,
                                     int64_t sequence) const override;
  absl::Status AppendHead(const AuditHead& head) override;
  absl::StatusOr<std::vector<AuditHead>> ListHeads() const override;
  absl::StatusOr<int> IndexSubjects(int limit) override;
  absl::StatusOr<int> Prune(int limit) override;

 private:
  absl::StatusOr<AuditLink> ReadLast() const;
  absl::StatusOr<std::string> TenantLink(const TenantId& tenant, int64_t sequence) const;
  absl::StatusOr<int64_t> Indexed() const;
  absl::StatusOr<std::vector<AuditEvent>> ListOfSubject(const AuditQuery& query, Where where) const;
  absl::StatusOr<AuditLink> Checkpoint() const;
  // The first event at or behind `time` has a sequence of at least this.
  absl::StatusOr<int64_t> SequenceAt(absl::Time time) const;

  sql::Database& db_;
  std::optional<AuditLink> last_;
  std::map<std::string, std::string> links_;  // By tenant.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_AUDIT_LOG_H_
