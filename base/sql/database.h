// One connection to one SQLite file. Thin: it opens, prepares, counts and reports errors as values;
// it knows nothing of what is stored.
//
//   Database ──Cached──► Statement      prepared once per SQL text
//            ──Begin───► Transaction    in transaction.h
//            ──Migrate─► newest schema  in migrate.h
//
// A Database and everything made from it belong to one thread at a time. Several connections may be
// open on one file: WAL lets readers work while one writer writes. It outlives its statements and
// transactions.
#ifndef MUSTER_BASE_SQL_DATABASE_H_
#define MUSTER_BASE_SQL_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/sql/error.h"
#include "base/sql/statement.h"

struct sqlite3;

namespace muster::sql {

enum class Synchronous { kOff, kNormal, kFull };

struct OpenOptions {
  std::string path;  // ":memory:" for a database that ends with its connection.
  bool read_only = false;
  // A missing file is created, readable by its owner only. Off: NotFound.
  bool create = true;
  // How long a statement waits for another connection's lock before it fails with kBusy.
  absl::Duration busy_timeout = absl::Seconds(5);
  Synchronous synchronous = Synchronous::kFull;  // What is committed survives a power cut.
  bool wal = true;
  bool foreign_keys = true;
  // Reads the whole file at open and fails with kCorrupt (E-STORE-CORRUPT) if it is damaged. Costs
  // about a second per gigabyte.
  bool quick_check = false;
};

// kPassive works beside readers and writer and moves what they let it. kRestart then keeps the
// writer out for a moment, so that the next commit begins the log anew instead of making it longer;
// kTruncate empties the file, too.
enum class CheckpointMode { kPassive, kRestart, kTruncate };

struct CheckpointOutcome {
  bool complete = false;  // Nothing was held up: all of the log is in the file.
  int64_t log_pages = 0;  // In the log; and of these in the file by now.
  int64_t moved_pages = 0;
};

class Database {
 public:
  // Errors: kNotFound, kCannotOpen, kCorrupt (damaged or not a database), kBusy, kFull, kIo.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const OpenOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one or more statements that take no values. For schema and pragmas; values are bound,
  // never pasted into SQL.
  absl::Status Exec(absl::string_view sql);
  // A statement kept prepared under its text. For the fixed SQL of the program; at most 1,000 texts
  // are kept.
  Statement Cached(absl::string_view sql);
  // A statement that is prepared now and dropped after use. For SQL composed at run time (filters,
  // orders).
  Statement Prepare(absl::string_view sql);

  // Makes `function` known to this connection's SQL under `name`: of one text, a text, and always
  // the same for the same. NULL stays NULL.
  absl::Status AddTextFunction(const char* name, std::string (*function)(absl::string_view));

  // Rows that the last INSERT, UPDATE or DELETE touched: how a compare-and-set sees whether it won.
  int64_t changes() const;
  int64_t last_insert_rowid() const;
  bool in_transaction() const;
  const std::string& path() const { return options_.path; }
  bool read_only() const { return options_.read_only; }

  // Writes a consistent copy to `path`, which must not exist; readable by its owner only. The copy
  // appears whole or not at all.
  absl::Status BackupTo(const std::string& path);
  // DataLoss with E-STORE-CORRUPT if the file is damaged.
  absl::Status QuickCheck();
  // Moves the write-ahead log into the file, as far as the mode can. What readers or a writer hold
  // up is no error: the answer says what is left.
  absl::StatusOr<CheckpointOutcome> Checkpoint(CheckpointMode mode);
  // Off: only Checkpoint moves the log, never a commit. On at first, at SQLite's 1,000 pages.
  absl::Status SetCheckpointOnCommit(bool on);
  // Whether closing moves the write-ahead log into the file, as it does at first. Off for a file
  // that is refused: it stays as it was found.
  void SetCheckpointOnClose(bool on);

  // Seams for tests. `before` runs once before each commit of a write transaction, single
  // statements included: an error rolls back and is returned as it is; it may also end the process.
  // `after` runs when a commit is durable and its caller does not yet know. Neither may use this
  // connection. An empty function removes the hook.
  void SetCommitHook(std::function<absl::Status()> before);
  void SetAfterCommitHook(std::function<void()> after);
  // Called after each commit with the pages that the write-ahead log has by then. Set it after
  // SetCheckpointOnCommit(false), which it takes the place of.
  void SetLogHook(std::function<void(int64_t pages)> hook);
  // Called with each error of a kind that IsFatal; what it returns, which must be an error, is what
  // the caller gets, with the kind kept. It may not use this connection.
  void SetFatalErrorHook(std::function<absl::Status(const absl::Status&)> hook) {
    fatal_error_hook_ = std::move(hook);
  }

 private:
  friend class Statement;
  friend class Transaction;
  friend class Savepoint;

  Database(sqlite3* db, OpenOptions options) : db_(db), options_(std::move(options)) {}
  absl::Status Configure();
  static int OnCommit(void* self);
  static int OnLog(void* self, sqlite3* db, const char* name, int pages);
  // Every result of a call that may commit passes here: runs the hooks' second half, and turns an
  // error into a status.
  absl::Status Finish(int result, absl::string_view context);

  sqlite3* const db_;
  const OpenOptions options_;
  absl::flat_hash_map<std::string, std::unique_ptr<internal::CachedStatement>> cache_;
  std::function<absl::Status()> before_commit_;
  std::function<void()> after_commit_;
  std::function<void(int64_t)> log_hook_;
  std::function<absl::Status(const absl::Status&)> fatal_error_hook_;
  absl::Status hook_error_;  // What before_commit_ answered, until Finish returns it.
  bool committing_ = false;  // OnCommit has run and let the commit pass; Finish has not run yet.
  absl::Status rollback_cause_;  // The error with which SQLite itself ended the open transaction.
};

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_DATABASE_H_
