#include "store/sqlite/audit_log.h"

#include <cstdint>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

void AppendInt(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

std::string HashOf(absl::string_view previous, int64_t sequence, const AuditEvent& event) {
  std::string bytes(previous);
  bytes.reserve(256);
  AppendInt(bytes, sequence);
  AppendInt(bytes, absl::ToUnixMicros(event.time));
  for (const std::string* text :
       {&event.actor, &event.action, &event.subject, &event.tenant_id.value(), &event.detail}) {
    AppendInt(bytes, static_cast<int64_t>(text->size()));
    bytes += *text;
  }
  return crypto::Sha256(bytes);
}

AuditEvent ReadEvent(const sql::Row& row) {
  return AuditEvent{.sequence = row.Int64(0),
                    .time = row.Time(1),
                    .actor = row.Text(2),
                    .action = row.Text(3),
                    .subject = row.Text(4),
                    .tenant_id = row.Get<TenantId>(5),
                    .detail = row.Text(6)};
}

}  // namespace

absl::StatusOr<SqliteAuditLog::Link> SqliteAuditLog::ReadLast() const {
  ASSIGN_OR_RETURN(std::optional<Link> last, db_.Cached("SELECT sequence, hash FROM audit_events "
                                                        "ORDER BY sequence DESC LIMIT 1")
                                                 .One([](const sql::Row& row) {
                                                   return Link{row.Int64(0), row.Text(1)};
                                                 }));
  return std::move(last).value_or(Link{});
}

absl::Status SqliteAuditLog::Append(const AuditEvent& event) {
  if (!last_.has_value()) {
    ASSIGN_OR_RETURN(last_, ReadLast());
  }
  const int64_t sequence = last_->sequence + 1;
  std::string hash = HashOf(last_->hash, sequence, event);
  const absl::Status status =
      db_.Cached(
             "INSERT INTO audit_events (sequence, time_us, actor, action, subject, tenant_id, "
             "detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(sequence, event.time, event.actor, event.action, event.subject, event.tenant_id,
                   event.detail, sql::Blob{hash});
  if (status.ok()) {
    last_ = Link{sequence, std::move(hash)};
  } else {
    Forget();
  }
  return status;
}

absl::StatusOr<std::vector<AuditEvent>> SqliteAuditLog::List(
    absl::string_view subject, const std::vector<TenantId>& visible_tenants, int64_t before,
    int limit) const {
  Where where;
  if (!subject.empty()) where.And("subject = ?", {std::string(subject)});
  where.AndIn("tenant_id", Texts(visible_tenants));
  if (before > 0) where.And("sequence < ?", {before});
  return where
      .Build(db_, "sequence, time_us, actor, action, subject, tenant_id, detail FROM audit_events",
             absl::StrCat("ORDER BY sequence DESC ", LimitClause(limit)))
      .All(ReadEvent);
}

absl::StatusOr<AuditCheck> SqliteAuditLog::Verify() const {
  AuditCheck check;
  std::string previous;
  RETURN_IF_ERROR(
      db_.Prepare("SELECT sequence, time_us, actor, action, subject, tenant_id, detail, hash "
                  "FROM audit_events ORDER BY sequence")
          .ForEach([&check, &previous](const sql::Row& row) {
            const AuditEvent event = ReadEvent(row);
            ++check.events;
            const std::string hash = row.Text(7);
            // Sequences have no gaps: event n is the n-th.
            if (check.intact && (event.sequence != check.events ||
                                 hash != HashOf(previous, event.sequence, event))) {
              check.intact = false;
              check.first_bad_sequence = event.sequence;
            }
            previous = hash;
          }));
  return check;
}

}  // namespace muster::store
