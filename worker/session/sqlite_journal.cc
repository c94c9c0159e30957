#include "worker/session/sqlite_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/migrate.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr sql::Migration kMigrations[] = {
    {.version = 1,
     .name = "initial",
     .sql = R"sql(
CREATE TABLE commands (
  number     INTEGER PRIMARY KEY,  -- Order of receipt.
  id         TEXT NOT NULL UNIQUE,
  attempt_id TEXT NOT NULL,
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('received', 'running', 'finished', 'acknowledged')),
  expire_us  INTEGER NOT NULL,
  result     BLOB,                 -- CommandResult, redacted; from finished on.
  CHECK ((result IS NOT NULL) = (state IN ('finished', 'acknowledged')))
) STRICT;
CREATE INDEX commands_open ON commands (number) WHERE state <> 'acknowledged';
)sql",
     .min_compatible_version = 1},
};

constexpr char kColumns[] = "id, attempt_id, kind, state, expire_us, result";

JournalState StateOf(absl::string_view text) {
  if (text == "running") return JournalState::kRunning;
  if (text == "finished") return JournalState::kFinished;
  if (text == "acknowledged") return JournalState::kAcknowledged;
  return JournalState::kReceived;
}

JournalRecord RecordOf(const sql::Row& row) {
  return {.command_id = row.Get<CommandId>(0),
          .attempt_id = row.Get<AttemptId>(1),
          .kind = row.Text(2),
          .state = StateOf(row.TextView(3)),
          .expire_time = row.Time(4),
          .result = row.Text(5)};
}

absl::Status JournalError(const absl::Status& status) {
  if (status.ok() || FailureCodeOf(status) == FailureCode::kStoreNewer) return status;
  // The remedy of a worker, which has no backup of its journal, is another than that of a store.
  return FailureStatus(FailureCode::kWorkerJournal, DetailOf(status));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(const std::string& path,
                                                                   absl::Time now) {
  auto db = sql::Database::Open({.path = path, .quick_check = true});
  if (!db.ok()) return JournalError(db.status());
  const auto migrated = sql::Migrate(**db, kMigrations, {.backup_dir = "", .now = now});
  if (!migrated.ok()) return JournalError(migrated.status());
  (*db)->SetFatalErrorHook([path](const absl::Status& error) {
    return FailureStatus(FailureCode::kWorkerJournal, absl::StrCat(path, ": ", error.message()));
  });
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(*std::move(db)));
}

absl::StatusOr<std::optional<JournalRecord>> SqliteJournal::Find(const CommandId& command) {
  return db_->Cached(absl::StrCat("SELECT ", kColumns, " FROM commands WHERE id = ?"))
      .BindAll(command)
      .One(RecordOf);
}

absl::Status SqliteJournal::Receive(const JournalRecord& record) {
  return db_
      ->Cached(
          "INSERT INTO commands (id, attempt_id, kind, state, expire_us) "
          "VALUES (?, ?, ?, 'received', ?)")
      .RunWith(record.command_id, record.attempt_id, record.kind, record.expire_time);
}

absl::Status SqliteJournal::Readdress(const CommandId& command, const AttemptId& attempt) {
  return db_->Cached("UPDATE commands SET attempt_id = ? WHERE id = ?").RunWith(attempt, command);
}

absl::Status SqliteJournal::Reopen(const JournalRecord& record) {
  RETURN_IF_ERROR(db_->Cached("UPDATE commands SET state = 'received', result = NULL, "
                              "attempt_id = ?, expire_us = ? "
                              "WHERE id = ? AND state IN ('finished', 'acknowledged')")
                      .RunWith(record.attempt_id, record.expire_time, record.command_id));
  if (db_->changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError("only a finished command is opened again");
}

absl::Status SqliteJournal::Start(const CommandId& command) {
  RETURN_IF_ERROR(
      db_->Cached("UPDATE commands SET state = 'running' WHERE id = ? AND state = 'received'")
          .RunWith(command));
  if (db_->changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError("only a received command is started");
}

absl::Status SqliteJournal::Finish(const CommandId& command, absl::string_view result) {
  RETURN_IF_ERROR(db_->Cached("UPDATE commands SET state = 'finished', result = ? "
                              "WHERE id = ? AND state IN ('received', 'running')")
                      .RunWith(sql::Blob{result}, command));
  if (db_->changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError("only a received or running command is finished");
}

absl::Status SqliteJournal::Acknowledge(const CommandId& command) {
  return db_
      ->Cached("UPDATE commands SET state = 'acknowledged' WHERE id = ? AND state = 'finished'")
      .RunWith(command);
}

absl::StatusOr<std::vector<JournalRecord>> SqliteJournal::Unacknowledged() {
  return db_
      ->Cached(absl::StrCat("SELECT ", kColumns,
                            " FROM commands WHERE state <> 'acknowledged' ORDER BY number"))
      .All(RecordOf);
}

absl::Status SqliteJournal::Prune(absl::Time now) {
  return db_->Cached("DELETE FROM commands WHERE state = 'acknowledged' AND expire_us < ?")
      .RunWith(now - kJournalKeep);
}

}  // namespace muster::worker
