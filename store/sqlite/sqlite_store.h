// The store in one SQLite file.
//
//   Begin() ─► the one writing connection      a turn's transaction, BEGIN IMMEDIATE
//   Read()  ─► a pool of reading connections   each snapshot has one to itself; idle ones are kept
//   Sync()  ─► the log                         one wait for the disk, for all commits before it
//   Checkpoint() ─► a connection of its own    log → file, beside the writer, when it is long
//
// WAL with synchronous=NORMAL and a Sync of our own: a commit does not wait for the disk, so the
// next transaction goes on meanwhile, and readers never wait for the writer. The first full,
// failing or corrupt disk makes the store read-only until the process starts again: nothing is
// built upon a write of which nobody knows whether it happened.
#ifndef MUSTER_STORE_SQLITE_SQLITE_STORE_H_
#define MUSTER_STORE_SQLITE_SQLITE_STORE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/platform/file_sync.h"
#include "base/sql/database.h"
#include "base/timed_flag.h"
#include "store/interface/store.h"

namespace muster::store {

// The log grows to about this before its content moves into the file; further only while a reader
// keeps it from moving.
inline constexpr int64_t kMostLogBytes = 32 << 20;

struct SqliteStoreOptions {
  std::string path;  // The file; created, readable by its owner only, when it does not exist.
  // Where a copy of the file goes before it is migrated. Empty: no copy.
  std::string backup_dir;
  absl::Time now;  // Names the copy, and dates the migrations.
  // Reads the whole file at the start, about a second per gigabyte, so that damage shows then.
  bool quick_check = true;
  // Off only in tests that do not care for power cuts: nothing waits for the disk.
  bool durable = true;
  // The log is moved into the file when it has so many pages of 4 KiB.
  int checkpoint_pages = kMostLogBytes / 4096;
  // For tests of a full disk: the file grows to so many pages of 4 KiB. 0: no limit.
  int64_t max_pages = 0;
};

// Thread-safe but for one rule: a Transaction and a Snapshot belong to one thread at a time. All
// of them end before the store.
class SqliteStore final : public Store {
 public:
  // Errors, each with what to do next: E-STORE-CORRUPT (damaged, or no database),
  // E-STORE-NEWER (of a newer program), E-STORE-FULL, E-STORE-IO; FailedPrecondition when the file
  // cannot be opened or belongs to another program; Unavailable when another process writes to it.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const SqliteStoreOptions& options);
  ~SqliteStore() override;

  absl::StatusOr<std::unique_ptr<Transaction>> Begin() override;
  absl::StatusOr<std::unique_ptr<Snapshot>> Read() const override;
  absl::Status Sync() override;
  bool CheckpointIsDue() const override;
  absl::Status Checkpoint() override;
  StoreHealth Health() const override;

 private:
  class Connection;
  class SqliteTransaction;
  class SqliteSnapshot;

  SqliteStore(const SqliteStoreOptions& options, int schema_version);
  absl::StatusOr<std::unique_ptr<Connection>> TakeReader() const;
  void GiveBack(std::unique_ptr<Connection> reader) const;
  absl::StatusOr<sql::CheckpointOutcome> RestartLog(sql::Database& checkpointer);
  // Makes the store read-only, once; returns the reason as an E-STORE status.
  absl::Status Fail(const absl::Status& cause) const;

  // -- constant --
  const std::string path_;
  const int schema_version_;
  const bool durable_;
  const int checkpoint_pages_;
  // -- used by the one open transaction --
  std::unique_ptr<Connection> writer_;
  // -- self-synchronized --
  std::atomic<int64_t> log_pages_ = 0;
  std::atomic<int64_t> checkpoint_at_pages_;
  // -- guarded --
  Mutex checkpoint_mu_;
  std::unique_ptr<sql::Database> checkpointer_ ABSL_GUARDED_BY(checkpoint_mu_);  // From the first.
  Mutex sync_mu_;
  std::unique_ptr<FileSync> log_ ABSL_GUARDED_BY(sync_mu_);  // From the first Sync on.
  absl::Status sync_failure_ ABSL_GUARDED_BY(sync_mu_);
  mutable Mutex mu_;
  bool transaction_open_ ABSL_GUARDED_BY(mu_) = false;
  TimedFlag no_turn_;  // Follows transaction_open_ once a transaction was open.
  bool log_restarting_ ABSL_GUARDED_BY(mu_) = false;   // Begin waits.
  mutable absl::Status failure_ ABSL_GUARDED_BY(mu_);  // OK while the store accepts writes.
  mutable std::vector<std::unique_ptr<Connection>> idle_readers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_SQLITE_STORE_H_
