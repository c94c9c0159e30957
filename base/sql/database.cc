#include "base/sql/database.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/sqlite_error.h"

namespace muster::sql {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxCachedStatements = 1000;
constexpr char kMemory[] = ":memory:";

// Makes an empty file that only its owner reads, so that no content is ever written to a wider one;
// SQLite gives the mode of the database to the files beside it.
absl::Status CreatePrivateFile(const std::string& path) {
  { std::ofstream touch(path, std::ios::app | std::ios::binary); }
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!error) return absl::OkStatus();
  return MakeError(ErrorKind::kCannotOpen, absl::StrCat("create ", path, ": ", error.message()));
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  // The integrity check answers in several lines.
  const std::string detail = absl::StrReplaceAll(absl::StrCat(path, ": ", what), {{"\n", " "}});
  return WithKind(FailureStatus(FailureCode::kStoreCorrupt, detail), ErrorKind::kCorrupt);
}

const char* PragmaOf(Synchronous synchronous) {
  switch (synchronous) {
    case Synchronous::kOff:
      return "PRAGMA synchronous=OFF";
    case Synchronous::kNormal:
      return "PRAGMA synchronous=NORMAL";
    case Synchronous::kFull:
      break;
  }
  return "PRAGMA synchronous=FULL";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const OpenOptions& options) {
  // Counting each allocation of the process under one lock serves nobody here. Only the first call
  // of a process has an effect; SQLite must not have been used before it.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  const bool memory = options.path == kMemory;
  std::error_code error;
  if (!memory && !fs::exists(options.path, error)) {
    if (options.read_only || !options.create) {
      return MakeError(ErrorKind::kNotFound, absl::StrCat("no database at ", options.path));
    }
    RETURN_IF_ERROR(CreatePrivateFile(options.path));
  }
  // No SQLITE_OPEN_CREATE for a file: it exists, or is gone again and then better an error than a
  // file that others read.
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (options.read_only ? SQLITE_OPEN_READONLY
                                       : SQLITE_OPEN_READWRITE | (memory ? SQLITE_OPEN_CREATE : 0));
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  // The handle must be closed even when opening it failed.
  std::unique_ptr<Database> db(new Database(handle, options));
  if (result != SQLITE_OK) {
    return SqliteError(handle, result, absl::StrCat("open ", options.path));
  }
  db->SetCheckpointOnClose(false);
  absl::Status status = db->Configure();
  if (ErrorKindOf(status) == ErrorKind::kCorrupt && !FailureCodeOf(status).has_value()) {
    return Damaged(options.path, status.message());
  }
  if (FailureCodeOf(status).has_value()) return status;
  if (!status.ok()) return Annotate(status, options.path);
  db->SetCheckpointOnClose(true);
  return db;
}

absl::Status Database::Configure() {
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, static_cast<int>(absl::ToInt64Milliseconds(options_.busy_timeout)));
  // Content that somebody has tampered with must not become code.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FKEY, options_.foreign_keys ? 1 : 0, nullptr);
  // The first statement that reads the file: here a file that is no database shows.
  RETURN_IF_ERROR(Exec("SELECT count(*) FROM sqlite_schema"));
  if (options_.wal && !options_.read_only && options_.path != kMemory) {
    ASSIGN_OR_RETURN(
        const std::optional<std::string> mode,
        Prepare("PRAGMA journal_mode=WAL").One([](const Row& row) { return row.Text(0); }));
    if (mode != "wal") {
      return MakeError(ErrorKind::kCannotOpen,
                       absl::StrCat(options_.path, " cannot use a write-ahead log (journal mode ",
                                    mode.value_or("unknown"), "); put it on a local disk"));
    }
  }
  RETURN_IF_ERROR(Exec(PragmaOf(options_.synchronous)));
  // What a savepoint would undo is kept in memory; otherwise it goes page by page through a file in
  // /var/tmp, at several times the price of the transaction itself.
  RETURN_IF_ERROR(Exec("PRAGMA temp_store=MEMORY"));
  return options_.quick_check ? QuickCheck() : absl::OkStatus();
}

Database::~Database() {
  for (auto& [sql, cached] : cache_) sqlite3_finalize(cached->stmt);
  sqlite3_close_v2(db_);
}

absl::Status Database::AddTextFunction(const char* name,
                                       std::string (*function)(absl::string_view)) {
  using TextFunction = std::string (*)(absl::string_view);
  const auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    if (text == nullptr) return sqlite3_result_null(context);
    const auto run = reinterpret_cast<TextFunction>(sqlite3_user_data(context));
    const std::string result = run({text, static_cast<size_t>(sqlite3_value_bytes(values[0]))});
    sqlite3_result_text(context, result.data(), static_cast<int>(result.size()), SQLITE_TRANSIENT);
  };
  const int result = sqlite3_create_function_v2(
      db_, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
      reinterpret_cast<void*>(function), call, nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return absl::OkStatus();
  return SqliteError(db_, result, absl::StrCat("add the function ", name));
}

absl::Status Database::Exec(absl::string_view sql) {
  const std::string text(sql);
  return Finish(sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr), text.substr(0, 200));
}

Statement Database::Cached(absl::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    if (cache_.size() >= kMaxCachedStatements) return Prepare(sql);
    sqlite3_stmt* stmt = nullptr;
    const int result = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
    if (result != SQLITE_OK || stmt == nullptr) {
      return Statement(this, SqliteError(db_, result == SQLITE_OK ? SQLITE_MISUSE : result, sql));
    }
    auto entry = std::make_unique<internal::CachedStatement>();
    entry->stmt = stmt;
    found = cache_.emplace(std::string(sql), std::move(entry)).first;
  }
  internal::CachedStatement* const cached = found->second.get();
  // Somebody further up the stack still walks this one.
  if (cached->in_use) return Prepare(sql);
  return Statement(this, cached->stmt, cached);
}

Statement Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* stmt = nullptr;
  const int result =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), 0, &stmt, nullptr);
  if (result != SQLITE_OK || stmt == nullptr) {
    return Statement(this, SqliteError(db_, result == SQLITE_OK ? SQLITE_MISUSE : result, sql));
  }
  return Statement(this, stmt, nullptr);
}

int64_t Database::changes() const { return sqlite3_changes64(db_); }
int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

absl::Status Database::BackupTo(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error)) {
    return MakeError(ErrorKind::kCannotOpen, absl::StrCat("backup to ", path, ": the file exists"));
  }
  const std::string partial = path + ".partial";
  fs::remove(partial, error);
  OpenOptions options;
  options.path = partial;
  options.wal = false;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<Database> copy, Open(options));
    sqlite3_backup* const backup = sqlite3_backup_init(copy->db_, "main", db_, "main");
    if (backup == nullptr) {
      return SqliteError(copy->db_, sqlite3_errcode(copy->db_), absl::StrCat("backup to ", path));
    }
    const int step = sqlite3_backup_step(backup, -1);
    const int finish = sqlite3_backup_finish(backup);
    if (step != SQLITE_DONE) {
      const absl::Status failed = SqliteError(copy->db_, finish == SQLITE_OK ? step : finish,
                                              absl::StrCat("backup to ", path));
      fs::remove(partial, error);
      return failed;
    }
  }
  fs::rename(partial, path, error);
  if (!error) return absl::OkStatus();
  return MakeError(ErrorKind::kIo, absl::StrCat("backup to ", path, ": ", error.message()));
}

absl::Status Database::QuickCheck() {
  auto answer = Prepare("PRAGMA quick_check(1)").One([](const Row& row) { return row.Text(0); });
  if (!answer.ok()) {
    if (ErrorKindOf(answer.status()) != ErrorKind::kCorrupt) return answer.status();
    return Damaged(options_.path, answer.status().message());
  }
  if (*answer == "ok") return absl::OkStatus();
  return Damaged(options_.path, answer->value_or("no answer from the integrity check"));
}

void Database::SetCheckpointOnClose(bool on) {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
}

absl::StatusOr<CheckpointOutcome> Database::Checkpoint(CheckpointMode mode) {
  const int sqlite_mode = mode == CheckpointMode::kPassive   ? SQLITE_CHECKPOINT_PASSIVE
                          : mode == CheckpointMode::kRestart ? SQLITE_CHECKPOINT_RESTART
                                                             : SQLITE_CHECKPOINT_TRUNCATE;
  int log_pages = 0;
  int moved_pages = 0;
  const int result = sqlite3_wal_checkpoint_v2(db_, "main", sqlite_mode, &log_pages, &moved_pages);
  if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY) {
    return Finish(result, absl::StrCat("checkpoint of ", options_.path));
  }
  // A file without a log, or in another mode, answers -1.
  return CheckpointOutcome{.complete = result == SQLITE_OK && moved_pages == log_pages,
                           .log_pages = log_pages > 0 ? log_pages : 0,
                           .moved_pages = moved_pages > 0 ? moved_pages : 0};
}

absl::Status Database::SetCheckpointOnCommit(bool on) {
  return Exec(on ? "PRAGMA wal_autocheckpoint=1000" : "PRAGMA wal_autocheckpoint=0");
}

void Database::SetCommitHook(std::function<absl::Status()> before) {
  before_commit_ = std::move(before);
  sqlite3_commit_hook(db_, before_commit_ || after_commit_ ? &Database::OnCommit : nullptr, this);
}

void Database::SetAfterCommitHook(std::function<void()> after) {
  after_commit_ = std::move(after);
  sqlite3_commit_hook(db_, before_commit_ || after_commit_ ? &Database::OnCommit : nullptr, this);
}

void Database::SetLogHook(std::function<void(int64_t pages)> hook) {
  log_hook_ = std::move(hook);
  sqlite3_wal_hook(db_, log_hook_ ? &Database::OnLog : nullptr, this);
}

int Database::OnLog(void* self, sqlite3*, const char*, int pages) {
  static_cast<Database*>(self)->log_hook_(pages);
  return SQLITE_OK;
}

int Database::OnCommit(void* self) {
  auto* const db = static_cast<Database*>(self);
  if (db->before_commit_) {
    db->hook_error_ = db->before_commit_();
    if (!db->hook_error_.ok()) return 1;
  }
  db->committing_ = true;
  return 0;
}

absl::Status Database::Finish(int result, absl::string_view context) {
  const bool committed = std::exchange(committing_, false);
  if (result == SQLITE_OK || result == SQLITE_DONE) {
    if (committed && after_commit_) after_commit_();
    return absl::OkStatus();
  }
  absl::Status error = std::exchange(hook_error_, absl::OkStatus());
  if (error.ok()) error = SqliteError(db_, result, context);
  if (const ErrorKind kind = ErrorKindOf(error); fatal_error_hook_ && IsFatal(kind)) {
    error = WithKind(fatal_error_hook_(error), kind);
  }
  // Some errors make SQLite roll back the whole transaction; its owner learns the reason at Commit.
  if (!in_transaction() && rollback_cause_.ok()) rollback_cause_ = error;
  return error;
}

}  // namespace muster::sql
