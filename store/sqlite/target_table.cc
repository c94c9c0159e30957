#include "store/sqlite/target_table.h"

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kTargetColumns[] =
    "rollout_id, server_id, zone_id, name, state, failure_code, failure_detail, attempts, "
    "next_try_time_us, doubt_forgiven, finish_time_us FROM targets";

absl::StatusOr<Target> ReadTarget(const sql::Row& row) {
  Target target;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(target.rollout_id, target.server_id, target.zone_id, target.name,
                            target.state, target.failure, target.attempts, target.next_try_time,
                            target.doubt_forgiven, target.finish_time)
                      .status());
  return target;
}

std::string Name(const Target& target) {
  return absl::StrCat("target ", target.server_id.value(), " of rollout ",
                      target.rollout_id.value());
}

}  // namespace

absl::Status AddToCounts(sql::Database& db, const TargetMoves& moves) {
  for (const auto& [counted, by] : moves) {
    const auto& [rollout, state] = counted;
    if (by == 0) continue;
    // A count that falls has a row always: the targets were counted when they came into the state.
    if (by < 0) {
      RETURN_IF_ERROR(db.Cached("UPDATE target_counts SET targets = targets + ? "
                                "WHERE rollout_id = ? AND state = ?")
                          .RunWith(by, rollout, ToString(state)));
      continue;
    }
    RETURN_IF_ERROR(db.Cached("INSERT INTO target_counts (rollout_id, state, targets) "
                              "VALUES (?, ?, ?) ON CONFLICT (rollout_id, state) "
                              "DO UPDATE SET targets = targets + excluded.targets")
                        .RunWith(rollout, ToString(state), by));
  }
  return absl::OkStatus();
}

absl::StatusOr<TargetCounts> CountTargets(sql::Database& db, const TenantWall& wall,
                                          const RolloutId& rollout) {
  TargetCounts counts;
  Where where;
  where.And("rollout_id = ?", {rollout.value()}).AndOwnedWithin("rollout_id", "rollouts", wall);
  RETURN_IF_ERROR(where.Build(db, "state, targets FROM target_counts", "")
                      .ForEach([&counts](const sql::Row& row) {
                        TargetState state = TargetState::kWaiting;
                        int targets = 0;
                        const absl::Status status = ColumnReader(row).Read(state, targets).status();
                        CountOf(counts, state) += targets;
                        counts.total += targets;
                        return status;
                      }));
  return counts;
}

absl::Status InsertTargets(sql::Database& db, const RolloutId& rollout,
                           const std::vector<Target>& targets) {
  TargetMoves counts;
  sql::Statement insert = db.Cached(
      "INSERT INTO targets (rollout_id, server_id, zone_id, name, state, failure_code, "
      "failure_detail, attempts, next_try_time_us, doubt_forgiven, finish_time_us, unfinished) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const Target& target : targets) {
    const absl::Status status =
        insert.RunWith(rollout, target.server_id, target.zone_id, target.name,
                       ToString(target.state), CodeOf(target.failure), DetailOf(target.failure),
                       target.attempts, target.next_try_time, target.doubt_forgiven,
                       target.finish_time, IsFinal(target.state) ? std::nullopt : std::optional(1));
    ++counts[{rollout, target.state}];
    if (status.ok()) continue;
    RETURN_IF_ERROR(Explain(
        Explain(status, ErrorKind::kConstraintUnique,
                absl::StrCat("server ", target.name, " (", target.server_id.value(),
                             ") is a target of another unfinished rollout, or twice in this one")),
        ErrorKind::kConstraintForeignKey,
        absl::StrCat("server ", target.server_id.value(), " is not in zone ",
                     target.zone_id.value())));
  }
  return AddToCounts(db, counts);
}

absl::StatusOr<std::optional<Target>> FindTarget(sql::Database& db, const RolloutId& rollout,
                                                 const ServerId& server) {
  return db
      .Cached(absl::StrCat("SELECT ", kTargetColumns, " WHERE rollout_id = ? AND server_id = ?"))
      .BindAll(rollout, server)
      .One(ReadTarget);
}

absl::StatusOr<std::vector<Target>> ListTargets(sql::Database& db, const TenantWall& wall,
                                                const TargetQuery& query) {
  Where where;
  where.And("rollout_id = ?", {query.rollout_id.value()})
      .AndOwnedWithin("rollout_id", "rollouts", wall)
      .AndIn("state", Texts(query.states))
      .AndAfter("zone_id", "name", query.after);
  return where
      .Build(db, kTargetColumns, absl::StrCat("ORDER BY zone_id, name ", LimitClause(query.limit)))
      .All(ReadTarget);
}

absl::Status UpdateTarget(sql::Database& db, const Target& target, TargetState from) {
  if (target.state != from) RETURN_IF_ERROR(CheckMove(Name(target), from, target.state));
  // What goes on leaves alone what the index of unfinished ones is over.
  const absl::Status status =
      db.Cached(IsFinal(target.state)
                    ? "UPDATE targets SET state = ?, failure_code = ?, failure_detail = ?, "
                      "attempts = ?, next_try_time_us = ?, doubt_forgiven = ?, finish_time_us = ?, "
                      "unfinished = NULL WHERE rollout_id = ? AND server_id = ? AND state = ?"
                    : "UPDATE targets SET state = ?, failure_code = ?, failure_detail = ?, "
                      "attempts = ?, next_try_time_us = ?, doubt_forgiven = ?, finish_time_us = ? "
                      "WHERE rollout_id = ? AND server_id = ? AND state = ?")
          .RunWith(ToString(target.state), CodeOf(target.failure), DetailOf(target.failure),
                   target.attempts, target.next_try_time, target.doubt_forgiven, target.finish_time,
                   target.rollout_id, target.server_id, ToString(from));
  RETURN_IF_ERROR(status);
  if (db.changes() == 0) {
    ASSIGN_OR_RETURN(const auto current,
                     db.Cached("SELECT state FROM targets WHERE rollout_id = ? AND server_id = ?")
                         .BindAll(target.rollout_id, target.server_id)
                         .One([](const sql::Row& row) { return row.Text(0); }));
    return NotMoved(Name(target), current, ToString(from));
  }
  return absl::OkStatus();
}

}  // namespace muster::store
