#include "store/sqlite/sweep_store.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kSweepColumns[] =
    "id, tenant_id, zone_id, state, trigger, actor, reason, start_time_us, "
    "finish_time_us, instances, unmatched, servers, enrolled, confirmed, degraded, healed, "
    "findings, differences, asked, answered, disagreed FROM sweeps";

absl::StatusOr<Sweep> ReadSweep(const sql::Row& row) {
  Sweep sweep;
  SweepCounts& counts = sweep.counts;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(sweep.id, sweep.tenant_id, sweep.zone_id, sweep.state, sweep.trigger,
                            sweep.actor, sweep.reason, sweep.start_time, sweep.finish_time,
                            counts.instances, counts.unmatched, counts.servers, counts.enrolled,
                            counts.confirmed, counts.degraded, counts.healed, counts.findings,
                            sweep.differences, counts.asked, counts.answered, counts.disagreed)
                      .status());
  return sweep;
}

std::string SweepName(const SweepId& id) { return absl::StrCat("sweep ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Sweep>> SqliteSweepStore::Find(const TenantWall& wall,
                                                            const SweepId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kSweepColumns, "").One(ReadSweep);
}

absl::StatusOr<std::vector<Sweep>> SqliteSweepStore::List(const SweepQuery& query) const {
  Where where;
  where.AndWithin("tenant_id", query.wall);
  const Selection& selection = query.selection;
  if (!selection.tenant_id.empty()) where.And("tenant_id = ?", {selection.tenant_id.value()});
  if (!selection.zone_id.empty()) where.And("zone_id = ?", {selection.zone_id.value()});
  if (!query.before.empty()) where.And("id < ?", {query.before.value()});
  return where
      .Build(db_, kSweepColumns, absl::StrCat("ORDER BY id DESC ", LimitClause(query.limit)))
      .All(ReadSweep);
}

absl::StatusOr<std::optional<Sweep>> SqliteSweepStore::FindLast(const ZoneId& zone) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kSweepColumns, " WHERE zone_id = ? ORDER BY id DESC LIMIT 1"))
      .BindAll(zone)
      .One(ReadSweep);
}

absl::StatusOr<std::vector<Sweep>> SqliteSweepStore::ListRunning() const {
  return db_.Cached(absl::StrCat("SELECT ", kSweepColumns, " WHERE state = 'running' ORDER BY id"))
      .All(ReadSweep);
}

absl::Status SqliteSweepStore::Insert(const Sweep& sweep) {
  const SweepCounts& counts = sweep.counts;
  return Explain(
      db_.Cached("INSERT INTO sweeps (id, tenant_id, zone_id, state, trigger, actor, reason, "
                 "start_time_us, finish_time_us, instances, unmatched, servers, "
                 "enrolled, confirmed, degraded, healed, findings, differences, asked, answered, "
                 "disagreed) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(sweep.id, sweep.tenant_id, sweep.zone_id, ToString(sweep.state),
                   ToString(sweep.trigger), sweep.actor, sweep.reason, sweep.start_time,
                   sweep.finish_time, counts.instances, counts.unmatched, counts.servers,
                   counts.enrolled, counts.confirmed, counts.degraded, counts.healed,
                   counts.findings, EncodeList(sweep.differences), counts.asked, counts.answered,
                   counts.disagreed),
      ErrorKind::kConstraintForeignKey,
      absl::StrCat("zone ", sweep.zone_id.value(), " does not exist"));
}

absl::Status SqliteSweepStore::Update(const Sweep& sweep, SweepState from) {
  RETURN_IF_ERROR(CheckMove(SweepName(sweep.id), from, sweep.state));
  const SweepCounts& counts = sweep.counts;
  RETURN_IF_ERROR(
      db_.Cached("UPDATE sweeps SET state = ?, reason = ?, finish_time_us = ?, instances = ?, "
                 "unmatched = ?, servers = ?, enrolled = ?, "
                 "confirmed = ?, degraded = ?, healed = ?, findings = ?, differences = ?, "
                 "asked = ?, answered = ?, disagreed = ? "
                 "WHERE id = ? AND state = ?")
          .RunWith(ToString(sweep.state), sweep.reason, sweep.finish_time, counts.instances,
                   counts.unmatched, counts.servers, counts.enrolled, counts.confirmed,
                   counts.degraded, counts.healed, counts.findings, EncodeList(sweep.differences),
                   counts.asked, counts.answered, counts.disagreed, sweep.id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT state FROM sweeps WHERE id = ?")
                                           .BindAll(sweep.id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(SweepName(sweep.id), current, ToString(from));
}

absl::StatusOr<int> SqliteSweepStore::Prune(absl::Time before, int limit) {
  RETURN_IF_ERROR(db_.Cached("DELETE FROM sweeps WHERE id IN (SELECT id FROM sweeps "
                             "WHERE start_time_us < ? AND state <> 'running' LIMIT ?)")
                      .RunWith(before, limit));
  return static_cast<int>(db_.changes());
}

}  // namespace muster::store
