#include "store/sqlite/finding_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kFindingColumns[] =
    "id, tenant_id, zone_id, kind, subject, server_id, hub_instance_id, state, evidence, times, "
    "first_seen_us, last_seen_us, seen_since_us, state_time_us, suppressed_until_us, actor, reason "
    "FROM findings";

absl::StatusOr<Finding> ReadFinding(const sql::Row& row) {
  Finding finding;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(finding.id, finding.tenant_id, finding.zone_id, finding.kind,
                            finding.subject, finding.server_id, finding.hub_instance_id,
                            finding.state, finding.evidence, finding.times, finding.first_seen,
                            finding.last_seen, finding.seen_since, finding.state_time,
                            finding.suppressed_until, finding.actor, finding.reason)
                      .status());
  return finding;
}

Where FilterOf(const FindingQuery& query) {
  Where where;
  where.AndWithin("tenant_id", query.wall);
  const Selection& selection = query.selection;
  if (!selection.tenant_id.empty()) where.And("tenant_id = ?", {selection.tenant_id.value()});
  if (!selection.zone_id.empty()) where.And("zone_id = ?", {selection.zone_id.value()});
  if (!query.server_id.empty()) where.And("server_id = ?", {query.server_id.value()});
  where.AndIn("kind", Texts(query.kinds));
  if (query.states.empty()) {
    where.And("state <> 'resolved'");
  } else {
    where.AndIn("state", Texts(query.states));
  }
  return where;
}

std::string FindingName(const FindingId& id) { return absl::StrCat("finding ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Finding>> SqliteFindingStore::Find(const TenantWall& wall,
                                                                const FindingId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kFindingColumns, "").One(ReadFinding);
}

absl::StatusOr<std::optional<Finding>> SqliteFindingStore::FindOf(
    const ZoneId& zone, FindingKind kind, const std::string& subject) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kFindingColumns,
                           " WHERE zone_id = ? AND kind = ? AND subject = ?"))
      .BindAll(zone, ToString(kind), subject)
      .One(ReadFinding);
}

absl::StatusOr<std::vector<Finding>> SqliteFindingStore::List(const FindingQuery& query) const {
  Where where = FilterOf(query);
  if (!query.after.empty()) where.And("id > ?", {query.after.value()});
  return where.Build(db_, kFindingColumns, absl::StrCat("ORDER BY id ", LimitClause(query.limit)))
      .All(ReadFinding);
}

absl::StatusOr<std::vector<Finding>> SqliteFindingStore::ListUnresolved(const ZoneId& zone) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kFindingColumns,
                           " WHERE zone_id = ? AND state <> 'resolved' ORDER BY id"))
      .BindAll(zone)
      .All(ReadFinding);
}

absl::StatusOr<std::vector<Finding>> SqliteFindingStore::ListChanged(const ZoneId& zone,
                                                                     absl::Time since,
                                                                     int limit) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kFindingColumns,
                           " WHERE zone_id = ? AND state_time_us > ? ORDER BY state_time_us, id "
                           "LIMIT ?"))
      .BindAll(zone, since, limit)
      .All(ReadFinding);
}

absl::StatusOr<int> SqliteFindingStore::CountUnresolved(const ZoneId& zone) const {
  ASSIGN_OR_RETURN(
      const std::optional<int> count,
      db_.Cached("SELECT count(*) FROM findings WHERE zone_id = ? AND state <> 'resolved'")
          .BindAll(zone)
          .One([](const sql::Row& row) { return row.Get<int>(0); }));
  return count.value_or(0);
}

absl::StatusOr<std::vector<FindingStore::Count>> SqliteFindingStore::CountBy(
    const FindingQuery& query) const {
  return FilterOf(query)
      .Build(db_, "zone_id, kind, state, count(*) FROM findings",
             "GROUP BY zone_id, kind, state ORDER BY zone_id, kind, state")
      .All([](const sql::Row& row) -> absl::StatusOr<Count> {
        Count count;
        RETURN_IF_ERROR(ColumnReader(row)
                            .Read(count.zone_id, count.kind, count.state, count.findings)
                            .status());
        return count;
      });
}

absl::Status SqliteFindingStore::Insert(const Finding& finding) {
  return Explain(
      Explain(
          db_.Cached("INSERT INTO findings (id, tenant_id, zone_id, kind, subject, server_id, "
                     "hub_instance_id, state, evidence, times, first_seen_us, last_seen_us, "
                     "seen_since_us, state_time_us, suppressed_until_us, actor, reason) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
              .RunWith(finding.id, finding.tenant_id, finding.zone_id, ToString(finding.kind),
                       finding.subject, finding.server_id, finding.hub_instance_id,
                       ToString(finding.state), finding.evidence, finding.times, finding.first_seen,
                       finding.last_seen, finding.seen_since, finding.state_time,
                       finding.suppressed_until, finding.actor, finding.reason),
          ErrorKind::kConstraintUnique,
          absl::StrCat("zone ", finding.zone_id.value(), " has such a finding about ",
                       finding.subject)),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", finding.zone_id.value(), " does not exist"));
}

absl::Status SqliteFindingStore::Update(const Finding& finding, FindingState from) {
  if (finding.state != from) {
    RETURN_IF_ERROR(CheckMove(FindingName(finding.id), from, finding.state));
  }
  RETURN_IF_ERROR(
      db_.Cached("UPDATE findings SET server_id = ?, hub_instance_id = ?, state = ?, evidence = ?, "
                 "times = ?, first_seen_us = ?, last_seen_us = ?, seen_since_us = ?, "
                 "state_time_us = ?, suppressed_until_us = ?, actor = ?, reason = ? "
                 "WHERE id = ? AND state = ?")
          .RunWith(finding.server_id, finding.hub_instance_id, ToString(finding.state),
                   finding.evidence, finding.times, finding.first_seen, finding.last_seen,
                   finding.seen_since, finding.state_time, finding.suppressed_until, finding.actor,
                   finding.reason, finding.id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT state FROM findings WHERE id = ?")
                                           .BindAll(finding.id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(FindingName(finding.id), current, ToString(from));
}

absl::StatusOr<int> SqliteFindingStore::Prune(absl::Time before, int limit) {
  RETURN_IF_ERROR(db_.Cached("DELETE FROM findings WHERE id IN (SELECT id FROM findings "
                             "WHERE state = 'resolved' AND state_time_us < ? LIMIT ?)")
                      .RunWith(before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
