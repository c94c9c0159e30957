#include "store/sqlite/attempt_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "store/sqlite/columns.h"
#include "store/sqlite/where.h"

namespace muster::store {
namespace {

using sql::ErrorKind;

constexpr char kAttemptColumns[] =
    "id, command_id, server_id, kind, rollout_id, number, state, reason, failure_code, "
    "failure_detail, create_time_us, sent_time_us, finish_time_us FROM attempts";
// The words of index attempts_open, so that SQLite recognizes it.
constexpr char kOpen[] =
    "(state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR "
    "state = 'running' OR state = 'in_doubt')";

absl::StatusOr<Attempt> ReadAttempt(const sql::Row& row) {
  Attempt attempt;
  RETURN_IF_ERROR(ColumnReader(row)
                      .Read(attempt.id, attempt.command_id, attempt.server_id, attempt.kind,
                            attempt.rollout_id, attempt.number, attempt.state, attempt.reason,
                            attempt.failure, attempt.create_time, attempt.sent_time,
                            attempt.finish_time)
                      .status());
  return attempt;
}

std::string Name(const AttemptId& id) { return absl::StrCat("attempt ", id.value()); }

}  // namespace

absl::StatusOr<std::optional<Command>> SqliteAttemptStore::FindCommand(const CommandId& id) const {
  return db_
      .Cached(
          "SELECT id, server_id, zone_id, rollout_id, kind, key_version_id, allow_takeover, "
          "create_time_us, expire_time_us FROM commands WHERE id = ?")
      .BindAll(id)
      .One([](const sql::Row& row) -> absl::StatusOr<Command> {
        Command command;
        RETURN_IF_ERROR(ColumnReader(row)
                            .Read(command.id, command.server_id, command.zone_id,
                                  command.rollout_id, command.kind, command.key_version_id,
                                  command.allow_takeover, command.create_time, command.expire_time)
                            .status());
        return command;
      });
}

absl::StatusOr<std::vector<Attempt>> SqliteAttemptStore::ListOf(const CommandId& command) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kAttemptColumns,
                           " WHERE command_id = ? ORDER BY create_time_us DESC, id DESC"))
      .BindAll(command)
      .All(ReadAttempt);
}

absl::StatusOr<std::vector<Attempt>> SqliteAttemptStore::ListOfServer(const ServerId& server,
                                                                      int limit) const {
  return ListOfServer(TenantWall::Everything(), server, limit);
}

absl::StatusOr<std::vector<Attempt>> SqliteAttemptStore::ListOfServer(const TenantWall& wall,
                                                                      const ServerId& server,
                                                                      int limit) const {
  Where where;
  where.And("server_id = ?", {server.value()}).AndOwnedWithin("server_id", "servers", wall);
  return where
      .Build(db_, kAttemptColumns,
             absl::StrCat("ORDER BY create_time_us DESC, command_id DESC, id DESC ",
                          LimitClause(limit)))
      .All(ReadAttempt);
}

absl::StatusOr<std::vector<Attempt>> SqliteAttemptStore::ListOpen() const {
  return db_
      .Cached(absl::StrCat("SELECT ", kAttemptColumns, " INDEXED BY attempts_open WHERE ", kOpen,
                           " ORDER BY create_time_us, command_id, id"))
      .All(ReadAttempt);
}

absl::StatusOr<std::vector<Attempt>> SqliteAttemptStore::ListOpenOf(const ServerId& server) const {
  return db_
      .Cached(absl::StrCat("SELECT ", kAttemptColumns,
                           " INDEXED BY attempts_by_server WHERE server_id = ? AND ", kOpen,
                           " ORDER BY create_time_us, command_id, id"))
      .BindAll(server)
      .All(ReadAttempt);
}

absl::Status SqliteAttemptStore::InsertCommand(const Command& command) {
  const absl::Status status =
      db_.Cached(
             "INSERT INTO commands (id, server_id, zone_id, rollout_id, kind, key_version_id, "
             "allow_takeover, create_time_us, expire_time_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(command.id, command.server_id, command.zone_id, OrNull(command.rollout_id),
                   ToString(command.kind), OrNull(command.key_version_id), command.allow_takeover,
                   command.create_time, command.expire_time);
  if (status.ok()) return status;
  return Explain(
      Explain(status, ErrorKind::kConstraintForeignKey,
              absl::StrCat("command ", command.id.value(), ": server ", command.server_id.value(),
                           " or its joining key is not of zone ", command.zone_id.value(),
                           ", or the rollout does not exist (zone lock)")),
      ErrorKind::kConstraintUnique, absl::StrCat("command ", command.id.value(), " exists"));
}

absl::Status SqliteAttemptStore::Insert(const Attempt& attempt) {
  const absl::Status status =
      db_.Cached(
             "INSERT INTO attempts (id, command_id, server_id, kind, rollout_id, number, state, "
             "reason, failure_code, failure_detail, create_time_us, sent_time_us, finish_time_us) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .RunWith(attempt.id, attempt.command_id, attempt.server_id, ToString(attempt.kind),
                   OrNull(attempt.rollout_id), attempt.number, ToString(attempt.state),
                   attempt.reason, CodeOf(attempt.failure), DetailOf(attempt.failure),
                   attempt.create_time, attempt.sent_time, attempt.finish_time);
  if (status.ok()) return status;
  return Explain(
      Explain(status, ErrorKind::kConstraintForeignKey,
              absl::StrCat(Name(attempt.id), ": there is no ", ToString(attempt.kind), " command ",
                           attempt.command_id.value(), " for server ", attempt.server_id.value())),
      ErrorKind::kConstraintUnique,
      absl::StrCat(Name(attempt.id), ": server ", attempt.server_id.value(),
                   " has an open join attempt, or the id is taken (one join in flight)"));
}

absl::Status SqliteAttemptStore::Update(const Attempt& attempt, AttemptState from) {
  if (attempt.state != from) RETURN_IF_ERROR(CheckMove(Name(attempt.id), from, attempt.state));
  RETURN_IF_ERROR(
      db_.Cached("UPDATE attempts SET state = ?, reason = ?, failure_code = ?, failure_detail = ?, "
                 "sent_time_us = ?, finish_time_us = ? "
                 "WHERE command_id = ? AND id = ? AND state = ?")
          .RunWith(ToString(attempt.state), attempt.reason, CodeOf(attempt.failure),
                   DetailOf(attempt.failure), attempt.sent_time, attempt.finish_time,
                   attempt.command_id, attempt.id, ToString(from)));
  if (db_.changes() > 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto current,
                   db_.Cached("SELECT state FROM attempts WHERE command_id = ? AND id = ?")
                       .BindAll(attempt.command_id, attempt.id)
                       .One([](const sql::Row& row) { return row.Text(0); }));
  return NotMoved(Name(attempt.id), current, ToString(from));
}

absl::StatusOr<int> SqliteAttemptStore::Prune(absl::Time expired_before, int limit) {
  // The attempts of joins go with their command.
  const int most = limit > 0 ? limit : -1;
  RETURN_IF_ERROR(
      db_.Cached(absl::StrCat("DELETE FROM commands WHERE id IN (SELECT id FROM commands "
                              "WHERE expire_time_us < ? AND NOT EXISTS "
                              "(SELECT 1 FROM attempts WHERE command_id = commands.id AND ",
                              kOpen, ") ORDER BY expire_time_us LIMIT ?)"))
          .RunWith(expired_before, most));
  const auto commands = static_cast<int>(db_.changes());
  RETURN_IF_ERROR(
      db_.Cached("DELETE FROM attempts WHERE (command_id, id) IN (SELECT command_id, id FROM "
                 "attempts INDEXED BY attempts_readings WHERE kind = 'probe' AND "
                 "finish_time_us < ? ORDER BY finish_time_us LIMIT ?)")
          .RunWith(expired_before, most));
  return std::max(commands, static_cast<int>(db_.changes()));
}

}  // namespace muster::store
