#include "store/sqlite/rollout_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/target_table.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kRolloutColumns[] =
    "id, tenant_id, kind, state, reason, selection_tenant_id, selection_zone_id, "
    "selection_labels, selection_names, max_concurrency, max_failures, max_in_doubt, "
    "allow_takeover, forgiven_failures, note, created_by, create_time_us, deadline_us, "
    "finish_time_us, force "
    "FROM rollouts";

absl::StatusOr<Rollout> ReadRollout(const sql::Row& row) {
  Rollout rollout;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(rollout.id, rollout.tenant_id, rollout.kind, rollout.state,
                            rollout.reason, rollout.selection.tenant_id, rollout.selection.zone_id,
                            rollout.selection.labels, rollout.selection.names,
                            rollout.max_concurrency, rollout.max_failures, rollout.max_in_doubt,
                            rollout.allow_takeover, rollout.forgiven_failures, rollout.note,
                            rollout.created_by, rollout.create_time, rollout.deadline,
                            rollout.finish_time, rollout.force)
                      .status());
  return rollout;
}

std::string Name(const RolloutId& id) { return absl::StrCat("rollout ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Rollout>> SqliteRolloutStore::Find(const RolloutId& id) const {
  return db_.Cached(absl::StrCat("SELECT ", kRolloutColumns, " WHERE id = ?"))
      .BindAll(id)
      .One(ReadRollout);
}

absl::StatusOr<std::optional<Rollout>> SqliteRolloutStore::Find(const TenantWall& wall,
                                                                const RolloutId& id) const {
  Where where;
  where.And("id = ?", {id.value()}).AndWithin("tenant_id", wall);
  return where.Build(db_, kRolloutColumns, "").One(ReadRollout);
}

absl::StatusOr<std::vector<Rollout>> SqliteRolloutStore::List(const RolloutQuery& query) const {
  Where where;
  where.AndWithin("tenant_id", query.wall).AndIn("state", Texts(query.states));
  if (!query.tenant_id.empty()) where.And("tenant_id = ?", {query.tenant_id.value()});
  if (!query.before.empty()) {
    ASSIGN_OR_RETURN(const std::optional<Rollout> last, Find(query.wall, query.before));
    if (!last.has_value()) return std::vector<Rollout>();
    where.And("(create_time_us, id) < (?, ?)",
              {absl::ToUnixMicros(last->create_time), last->id.value()});
  }
  return where
      .Build(db_, kRolloutColumns,
             absl::StrCat("ORDER BY create_time_us DESC, id DESC ", LimitClause(query.limit)))
      .All(ReadRollout);
}

absl::StatusOr<int> SqliteRolloutStore::CountUnfinished(const TenantWall& wall) const {
  Where where;
  where.And("finish_time_us IS NULL").AndWithin("tenant_id", wall);
  ASSIGN_OR_RETURN(const std::optional<int> count,
                   where.Build(db_, "count(*) FROM rollouts", "").One([](const sql::Row& row) {
                     return row.Get<int>(0);
                   }));
  return count.value_or(0);
}

absl::StatusOr<std::vector<RolloutStore::StateCount>> SqliteRolloutStore::CountByState(
    const TenantWall& wall) const {
  Where where;
  where.AndWithin("tenant_id", wall);
  return where
      .Build(db_, "coalesce(tenant_id, ''), state, count(*) FROM rollouts",
             "GROUP BY tenant_id, state ORDER BY tenant_id, state")
      .All([](const sql::Row& row) -> absl::StatusOr<StateCount> {
        StateCount count;
        RETURN_IF_ERROR(
            ColumnReader(row).Read(count.tenant_id, count.state, count.rollouts).status());
        return count;
      });
}

absl::StatusOr<std::vector<Rollout>> SqliteRolloutStore::ListUnfinished() const {
  return db_
      .Cached(absl::StrCat("SELECT ", kRolloutColumns,
                           " WHERE finish_time_us IS NULL ORDER BY create_time_us, id"))
      .All(ReadRollout);
}

absl::Status SqliteRolloutStore::WriteCounts() const {
  if (moved_.empty()) return absl::OkStatus();
  return AddToCounts(db_, std::exchange(moved_, {}));
}

absl::StatusOr<TargetCounts> SqliteRolloutStore::Count(const RolloutId& id) const {
  RETURN_IF_ERROR(WriteCounts());
  return CountTargets(db_, TenantWall::Everything(), id);
}

absl::StatusOr<TargetCounts> SqliteRolloutStore::Count(const TenantWall& wall,
                                                       const RolloutId& id) const {
  RETURN_IF_ERROR(WriteCounts());
  return CountTargets(db_, wall, id);
}

absl::Status SqliteRolloutStore::Insert(const Rollout& rollout,
                                        const std::vector<Target>& targets) {
  const Selection& selection = rollout.selection;
  const absl::Status status =
      db_.Cached(
             "INSERT INTO rollouts (id, tenant_id, kind, state, reason, selection_tenant_id, "
             "selection_zone_id, selection_labels, selection_names, max_concurrency, "
             "max_failures, max_in_doubt, allow_takeover, forgiven_failures, note, "
             "created_by, "
             "create_time_us, deadline_us, finish_time_us, force) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(rollout.id, OrNull(rollout.tenant_id), ToString(rollout.kind),
                   ToString(rollout.state), rollout.reason, selection.tenant_id, selection.zone_id,
                   EncodeLabels(selection.labels), EncodeList(selection.names),
                   rollout.max_concurrency, rollout.max_failures, rollout.max_in_doubt,
                   rollout.allow_takeover, rollout.forgiven_failures, rollout.note,
                   rollout.created_by, rollout.create_time, rollout.deadline, rollout.finish_time,
                   rollout.force);
  RETURN_IF_ERROR(
      Explain(Explain(status, ErrorKind::kConstraintForeignKey,
                      absl::StrCat("tenant ", rollout.tenant_id.value(), " does not exist")),
              ErrorKind::kConstraintUnique, absl::StrCat(Name(rollout.id), ": its id is taken")));
  return InsertTargets(db_, rollout.id, targets);
}

absl::Status SqliteRolloutStore::Move(const RolloutId& id, RolloutState from, RolloutState to,
                                      absl::string_view reason,
                                      const std::optional<absl::Time>& finish_time) {
  RETURN_IF_ERROR(CheckMove(Name(id), from, to));
  if (IsFinal(to) != finish_time.has_value()) {
    return absl::InternalError(absl::StrCat(Name(id), " → ", ToString(to),
                                            ": a finish time belongs to a final state, and only "
                                            "to it; this is a defect of Muster"));
  }
  RETURN_IF_ERROR(db_.Cached("UPDATE rollouts SET state = ?, reason = ?, finish_time_us = ? "
                             "WHERE id = ? AND state = ?")
                      .RunWith(ToString(to), reason, finish_time, id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current, db_.Cached("SELECT state FROM rollouts WHERE id = ?")
                                           .BindAll(id)
                                           .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(id), current, ToString(from));
}

absl::Status SqliteRolloutStore::SetForgivenFailures(const RolloutId& id, int failures) {
  RETURN_IF_ERROR(
      db_.Cached("UPDATE rollouts SET forgiven_failures = ? WHERE id = ?").RunWith(failures, id));
  return CheckChanged(db_, Name(id));
}

absl::StatusOr<std::optional<Target>> SqliteRolloutStore::FindTarget(const RolloutId& rollout,
                                                                     const ServerId& server) const {
  return store::FindTarget(db_, rollout, server);
}

absl::StatusOr<std::vector<Target>> SqliteRolloutStore::ListTargets(
    const TargetQuery& query) const {
  return store::ListTargets(db_, TenantWall::Everything(), query);
}

absl::StatusOr<std::vector<Target>> SqliteRolloutStore::ListTargets(
    const TenantWall& wall, const TargetQuery& query) const {
  return store::ListTargets(db_, wall, query);
}

absl::StatusOr<std::optional<RolloutId>> SqliteRolloutStore::FindActiveRolloutOf(
    const ServerId& server) const {
  return db_
      .Cached(
          "SELECT r.id FROM targets t JOIN rollouts r ON r.id = t.rollout_id "
          "WHERE t.server_id = ? AND t.unfinished = 1 AND r.finish_time_us IS NULL")
      .BindAll(server)
      .One([](const sql::Row& row) { return row.Get<RolloutId>(0); });
}

absl::Status SqliteRolloutStore::UpdateTarget(const Target& target, TargetState from) {
  RETURN_IF_ERROR(store::UpdateTarget(db_, target, from));
  if (target.state == from) return absl::OkStatus();
  --moved_[{target.rollout_id, from}];
  ++moved_[{target.rollout_id, target.state}];
  return absl::OkStatus();
}

absl::StatusOr<int> SqliteRolloutStore::Prune(absl::Time finished_before, int limit) {
  RETURN_IF_ERROR(WriteCounts());
  ASSIGN_OR_RETURN(const std::optional<std::string> oldest,
                   db_.Cached("SELECT id FROM rollouts WHERE finish_time_us < ? AND NOT EXISTS "
                              "(SELECT 1 FROM commands WHERE rollout_id = rollouts.id) "
                              "ORDER BY create_time_us, id LIMIT 1")
                       .BindAll(finished_before)
                       .One([](const sql::Row& row) { return row.Text(0); }));
  if (!oldest.has_value()) return 0;
  RETURN_IF_ERROR(db_.Cached("DELETE FROM targets WHERE rollout_id = ?1 AND server_id IN (SELECT "
                             "server_id FROM targets WHERE rollout_id = ?1 LIMIT ?2)")
                      .RunWith(*oldest, limit));
  const int deleted = static_cast<int>(db_.changes());
  if (deleted == limit) return deleted;
  RETURN_IF_ERROR(db_.Cached("DELETE FROM target_counts WHERE rollout_id = ?").RunWith(*oldest));
  RETURN_IF_ERROR(db_.Cached("DELETE FROM rollouts WHERE id = ?").RunWith(*oldest));
  return deleted + 1;
}

}  // namespace muster::store
