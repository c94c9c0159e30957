#include "store/sqlite/audit_log.h"

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"

namespace muster::store {
namespace {

void AppendInt(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

// Of a tenant's link before and an event its link; of a hash before, what the hash of an event was
// before there were links.
std::string LinkOf(absl::string_view previous, int64_t sequence, const AuditEvent& event) {
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

// 64 bytes are hashed: never what LinkOf hashes, which is longer.
std::string HashOf(absl::string_view previous, absl::string_view link) {
  return crypto::Sha256(absl::StrCat(previous, link));
}

constexpr size_t kLinkBytes = 32;
constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

constexpr char kEventColumns[] =
    "sequence, time_us, actor, action, subject, tenant_id, detail FROM audit_events";

AuditLink ReadLink(const sql::Row& row) { return AuditLink{row.Int64(0), row.Text(1)}; }

// The clock of a machine may have been set back by as much while events were written.
constexpr absl::Duration kClockSlack = absl::Hours(1);

AuditEvent ReadEvent(const sql::Row& row) {
  return AuditEvent{.sequence = row.Int64(0),
                    .time = row.Time(1),
                    .actor = row.Text(2),
                    .action = row.Text(3),
                    .subject = row.Text(4),
                    .tenant_id = row.Get<TenantId>(5),
                    .detail = row.Text(6)};
}

// As it is stored, whatever that is: of this the hash was made.
AuditEvent ReadStoredEvent(const sql::Row& row) {
  const auto text = [&row](int column) { return std::string(row.TextView(column)); };
  return AuditEvent{.sequence = row.Int64(0),
                    .time = row.Time(1),
                    .actor = text(2),
                    .action = text(3),
                    .subject = text(4),
                    .tenant_id = TenantId(text(5)),
                    .detail = text(6)};
}

}  // namespace

absl::StatusOr<AuditLink> SqliteAuditLog::Checkpoint() const {
  ASSIGN_OR_RETURN(std::optional<AuditLink> checkpoint,
                   db_.Cached("SELECT sequence, hash FROM audit_heads WHERE kind = 'checkpoint' "
                              "ORDER BY sequence DESC LIMIT 1")
                       .One(ReadLink));
  return std::move(checkpoint).value_or(AuditLink{});
}

absl::StatusOr<AuditLink> SqliteAuditLog::ReadLast() const {
  ASSIGN_OR_RETURN(std::optional<AuditLink> last,
                   db_.Cached("SELECT sequence, hash FROM audit_events "
                              "ORDER BY sequence DESC LIMIT 1")
                       .One(ReadLink));
  if (last.has_value()) return *std::move(last);
  return Checkpoint();
}

absl::StatusOr<AuditLink> SqliteAuditLog::Last() const {
  if (last_.has_value()) return *last_;
  return ReadLast();
}

absl::Status SqliteAuditLog::Append(const AuditEvent& event) {
  if (!last_.has_value()) {
    ASSIGN_OR_RETURN(last_, ReadLast());
  }
  auto link = links_.find(event.tenant_id.value());
  if (link == links_.end()) {
    ASSIGN_OR_RETURN(std::string before, TenantLink(event.tenant_id, kNewest));
    link = links_.emplace(event.tenant_id.value(), std::move(before)).first;
  }
  const int64_t sequence = last_->sequence + 1;
  link->second = LinkOf(link->second, sequence, event);
  // The first of all has no hash before.
  std::string hash = HashOf(last_->hash, link->second);
  const absl::Status status =
      db_.Cached(
             "INSERT INTO audit_events (sequence, time_us, actor, action, subject, tenant_id, "
             "detail, hash, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(sequence, event.time, event.actor, event.action, event.subject, event.tenant_id,
                   event.detail, sql::Blob{hash}, sql::Blob{link->second});
  if (status.ok()) {
    last_ = AuditLink{sequence, std::move(hash)};
  } else {
    Forget();
  }
  return status;
}

// Sequences follow the time, so a halving search finds a time without an index on it.
absl::StatusOr<int64_t> SqliteAuditLog::SequenceAt(absl::Time time) const {
  const auto bound = [this](const char* sql) {
    return db_.Cached(sql).One([](const sql::Row& row) { return row.Int64(0); });
  };
  ASSIGN_OR_RETURN(const auto first, bound("SELECT min(sequence) FROM audit_events"));
  ASSIGN_OR_RETURN(const auto last, bound("SELECT max(sequence) FROM audit_events"));
  int64_t low = first.value_or(0);
  int64_t high = last.value_or(0) + 1;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const std::optional<absl::Time> at,
                     db_.Cached("SELECT time_us FROM audit_events WHERE sequence >= ? "
                                "ORDER BY sequence LIMIT 1")
                         .BindAll(middle)
                         .One([](const sql::Row& row) { return row.Time(0); }));
    if (at.has_value() && *at < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

absl::StatusOr<std::vector<AuditEvent>> SqliteAuditLog::List(const AuditQuery& query) const {
  Where where;
  if (!query.actor.empty()) {
    where.And("(actor = ? OR substr(actor, instr(actor, ':') + 1) = ?)",
              {query.actor, query.actor});
  }
  where.AndWithin("tenant_id", query.wall);
  if (query.before > 0) where.And("sequence < ?", {query.before});
  if (query.since.has_value()) {
    ASSIGN_OR_RETURN(const int64_t from, SequenceAt(*query.since - kClockSlack));
    where.And("sequence >= ? AND time_us >= ?", {from, absl::ToUnixMicros(*query.since)});
  }
  if (query.until.has_value()) {
    ASSIGN_OR_RETURN(const int64_t to, SequenceAt(*query.until + kClockSlack));
    where.And("sequence < ? AND time_us < ?", {to, absl::ToUnixMicros(*query.until)});
  }
  if (!query.subject.empty()) return ListOfSubject(query, std::move(where));
  return where
      .Build(db_, kEventColumns, absl::StrCat("ORDER BY sequence DESC ", LimitClause(query.limit)))
      .All(ReadEvent);
}

absl::StatusOr<std::vector<AuditEvent>> SqliteAuditLog::ListBehind(
    int64_t sequence, int window, const std::vector<std::string>& actions) const {
  Where where;
  where.And("sequence > ?", {sequence})
      .And("sequence <= ?", {sequence + window})
      .AndIn("action", actions);
  return where.Build(db_, kEventColumns, "ORDER BY sequence").All(ReadEvent);
}

absl::StatusOr<int64_t> SqliteAuditLog::Indexed() const {
  ASSIGN_OR_RETURN(const std::optional<int64_t> indexed,
                   db_.Cached("SELECT sequence FROM audit_indexed").One([](const sql::Row& row) {
                     return row.Int64(0);
                   }));
  return indexed.value_or(0);
}

// The newest are read, then those that have an entry.
absl::StatusOr<std::vector<AuditEvent>> SqliteAuditLog::ListOfSubject(const AuditQuery& query,
                                                                      Where where) const {
  ASSIGN_OR_RETURN(const int64_t indexed, Indexed());
  Where behind = where;
  behind.And("subject = ? AND sequence > ?", {query.subject, indexed});
  ASSIGN_OR_RETURN(std::vector<AuditEvent> events,
                   behind
                       .Build(db_, kEventColumns,
                              absl::StrCat("ORDER BY sequence DESC ", LimitClause(query.limit)))
                       .All(ReadEvent));
  const int found = static_cast<int>(events.size());
  if (query.limit > 0 && found >= query.limit) return events;
  where.And("sequence IN (SELECT sequence FROM audit_subjects WHERE subject = ? AND sequence <= ?)",
            {query.subject, indexed});
  ASSIGN_OR_RETURN(std::vector<AuditEvent> older,
                   where
                       .Build(db_, kEventColumns,
                              absl::StrCat("ORDER BY sequence DESC ",
                                           LimitClause(query.limit > 0 ? query.limit - found : 0)))
                       .All(ReadEvent));
  events.insert(events.end(), std::make_move_iterator(older.begin()),
                std::make_move_iterator(older.end()));
  return events;
}

absl::StatusOr<int> SqliteAuditLog::IndexSubjects(int limit) {
  ASSIGN_OR_RETURN(const int64_t indexed, Indexed());
  RETURN_IF_ERROR(db_.Cached("INSERT OR IGNORE INTO audit_subjects SELECT subject, sequence FROM "
                             "(SELECT subject, sequence FROM audit_events WHERE sequence > ? "
                             "ORDER BY sequence LIMIT ?) ORDER BY subject, sequence")
                      .RunWith(indexed, limit));
  const int made = static_cast<int>(db_.changes());
  if (made == 0) return 0;
  RETURN_IF_ERROR(db_.Cached("UPDATE audit_indexed SET sequence = (SELECT max(sequence) FROM "
                             "(SELECT sequence FROM audit_events WHERE sequence > ? "
                             "ORDER BY sequence LIMIT ?))")
                      .RunWith(indexed, limit));
  return made;
}

// What is left at or before the checkpoint waits to be deleted: the first of it has lost what its
// hash was made of, the others must still lead to the checkpoint. Links of tenants begin where the
// pruned events of theirs have ended.
absl::StatusOr<AuditCheck> SqliteAuditLog::Verify() const {
  AuditCheck check;
  ASSIGN_OR_RETURN(const AuditLink checkpoint, Checkpoint());
  check.checkpoint = checkpoint.sequence;
  // A database that no start has brought up to date yet.
  ASSIGN_OR_RETURN(const auto has_links,
                   db_.Cached("SELECT count(*) FROM pragma_table_info("
                              "'audit_events') WHERE name = 'link'")
                       .One([](const sql::Row& row) { return row.Int64(0); }));
  std::map<std::string, std::string> links;
  AuditLink link = checkpoint;
  const auto bad = [&check](int64_t sequence) {
    if (!check.intact) return;
    check.intact = false;
    check.first_bad_sequence = sequence;
  };
  if (has_links.value_or(0) > 0) {
    RETURN_IF_ERROR(db_.Prepare("SELECT tenant_id, link FROM audit_ends")
                        .ForEach([&links](const sql::Row& row) {
                          links[std::string(row.TextView(0))] = row.Text(1);
                        }));
  }
  RETURN_IF_ERROR(
      db_
          .Prepare(absl::StrCat(
              "SELECT sequence, time_us, actor, action, subject, tenant_id, detail, hash, ",
              has_links.value_or(0) > 0 ? "link" : "NULL", " FROM audit_events ORDER BY sequence"))
          .ForEach([&](const sql::Row& row) {
            const AuditEvent event = ReadStoredEvent(row);
            const std::string hash = row.Text(7);
            const bool waits = check.events == 0 && event.sequence <= checkpoint.sequence;
            ++check.events;
            std::string wanted;
            if (row.IsNull(8)) {
              wanted = LinkOf(link.hash, event.sequence, event);
            } else {
              std::string& own = links[event.tenant_id.value()];
              if (own.empty()) own = std::string(kLinkBytes, '\0');
              own = LinkOf(own, event.sequence, event);
              if (own != row.Text(8)) bad(event.sequence);
              wanted = HashOf(link.hash, own);
            }
            // Sequences have no gaps: the first event behind a checkpoint is the next.
            if (!waits && (event.sequence != link.sequence + 1 || hash != wanted)) {
              bad(event.sequence);
            }
            if (event.sequence == checkpoint.sequence && hash != checkpoint.hash) {
              bad(event.sequence);
            }
            link = AuditLink{event.sequence, hash};
          }));
  if (link.sequence < checkpoint.sequence) bad(link.sequence + 1);
  check.last = std::move(link);
  return check;
}

absl::StatusOr<std::optional<std::string>> SqliteAuditLog::HashAt(int64_t sequence) const {
  return db_.Cached("SELECT hash FROM audit_events WHERE sequence = ?")
      .BindAll(sequence)
      .One([](const sql::Row& row) { return row.Text(0); });
}

absl::StatusOr<AuditLink> SqliteAuditLog::LastBefore(absl::Time time) const {
  ASSIGN_OR_RETURN(const int64_t behind, SequenceAt(time));
  ASSIGN_OR_RETURN(std::optional<AuditLink> link,
                   db_.Cached("SELECT sequence, hash FROM audit_events WHERE sequence < ? "
                              "ORDER BY sequence DESC LIMIT 1")
                       .BindAll(behind)
                       .One(ReadLink));
  return std::move(link).value_or(AuditLink{});
}

absl::StatusOr<std::vector<LinkedEvent>> SqliteAuditLog::ListLinked(const TenantWall& wall,
                                                                    const TenantId& tenant,
                                                                    int64_t after,
                                                                    int limit) const {
  if (!wall.Admits(tenant)) return std::vector<LinkedEvent>();
  return db_
      .Cached(
          "SELECT sequence, time_us, actor, action, subject, tenant_id, detail, "
          "coalesce(link, x'') FROM audit_events WHERE tenant_id = ? AND sequence > ? "
          "ORDER BY sequence LIMIT ?")
      .BindAll(tenant, after, limit > 0 ? limit : -1)
      .All([](const sql::Row& row) {
        std::string link = row.Text(7);
        return LinkedEvent{link.empty() ? ReadEvent(row) : ReadStoredEvent(row), std::move(link)};
      });
}

absl::StatusOr<std::string> SqliteAuditLog::LinkAt(const TenantWall& wall, const TenantId& tenant,
                                                   int64_t sequence) const {
  if (!wall.Admits(tenant)) return absl::NotFoundError("there is no such tenant");
  return TenantLink(tenant, sequence);
}

// Whatever comes behind an event with a link has one, too: the last one tells.
absl::StatusOr<std::string> SqliteAuditLog::TenantLink(const TenantId& tenant,
                                                       int64_t sequence) const {
  const auto text = [](const sql::Row& row) { return row.Text(0); };
  ASSIGN_OR_RETURN(std::optional<std::string> link,
                   db_.Cached("SELECT coalesce(link, x'') FROM audit_events WHERE tenant_id = ? "
                              "AND sequence <= ? ORDER BY sequence DESC LIMIT 1")
                       .BindAll(tenant, sequence)
                       .One(text));
  if (!link.has_value()) {
    ASSIGN_OR_RETURN(
        link,
        db_.Cached("SELECT link FROM audit_ends WHERE tenant_id = ?").BindAll(tenant).One(text));
  }
  if (!link.has_value() || link->empty()) return std::string(kLinkBytes, '\0');
  return *std::move(link);
}

absl::Status SqliteAuditLog::AppendHead(const AuditHead& head) {
  return db_
      .Cached(
          "INSERT INTO audit_heads (sequence, kind, hash, time_us, before, key_id, signature) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)")
      .RunWith(head.sequence, ToString(head.kind), sql::Blob{head.hash}, head.time, head.before,
               head.key_id, sql::Blob{head.signature});
}

absl::StatusOr<std::vector<AuditHead>> SqliteAuditLog::ListHeads() const {
  return db_
      .Cached(
          "SELECT sequence, kind, hash, time_us, before, key_id, signature FROM audit_heads "
          "ORDER BY sequence, time_us")
      .All([](const sql::Row& row) -> absl::StatusOr<AuditHead> {
        AuditHead head{.sequence = row.Int64(0),
                       .hash = row.Text(2),
                       .time = row.Time(3),
                       .before = row.Int64(4),
                       .key_id = row.Text(5),
                       .signature = row.Text(6)};
        if (FromString(row.Text(1), head.kind)) return head;
        return absl::DataLossError(absl::StrCat("audit_heads: unknown kind ", row.Text(1)));
      });
}

absl::StatusOr<int> SqliteAuditLog::Prune(int limit) {
  ASSIGN_OR_RETURN(const AuditLink checkpoint, Checkpoint());
  if (checkpoint.sequence == 0) return 0;
  RETURN_IF_ERROR(db_.Cached("DELETE FROM audit_subjects WHERE (subject, sequence) IN (SELECT "
                             "subject, sequence FROM audit_events WHERE sequence <= ? "
                             "ORDER BY sequence LIMIT ?)")
                      .RunWith(checkpoint.sequence, limit > 0 ? limit : -1));
  RETURN_IF_ERROR(
      db_.Cached("INSERT INTO audit_ends SELECT tenant_id, max(sequence), link FROM (SELECT "
                 "sequence, tenant_id, link FROM audit_events WHERE sequence <= ? ORDER BY "
                 "sequence LIMIT ?) WHERE link IS NOT NULL GROUP BY tenant_id ON CONFLICT "
                 "(tenant_id) DO UPDATE SET sequence = excluded.sequence, link = excluded.link")
          .RunWith(checkpoint.sequence, limit > 0 ? limit : -1));
  RETURN_IF_ERROR(db_.Cached("DELETE FROM audit_events WHERE sequence IN (SELECT sequence FROM "
                             "audit_events WHERE sequence <= ? ORDER BY sequence LIMIT ?)")
                      .RunWith(checkpoint.sequence, limit > 0 ? limit : -1));
  const int deleted = static_cast<int>(db_.changes());
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM audit_heads WHERE sequence < ?").RunWith(checkpoint.sequence));
  return deleted;
}

}  // namespace muster::store
