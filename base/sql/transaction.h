// Transactions and savepoints that roll back unless they are committed.
#ifndef MUSTER_BASE_SQL_TRANSACTION_H_
#define MUSTER_BASE_SQL_TRANSACTION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::sql {

class Database;

// kImmediate takes the write lock at once, so that no later statement of the transaction can fail
// with kBusy. kDeferred is for readers: all their statements see the same state of the database.
enum class TransactionMode { kImmediate, kDeferred };

class Transaction {
 public:
  // Errors: kBusy when another connection writes for longer than the busy timeout; kReadOnly.
  // Transactions do not nest: use a Savepoint.
  static absl::StatusOr<Transaction> Begin(Database& db,
                                           TransactionMode mode = TransactionMode::kImmediate);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  ~Transaction();  // Rolls back what is not committed.

  // After OK the changes are durable. After an error nothing of them is, and the transaction is
  // over: the error is that of the commit or, when SQLite has rolled back earlier (full disk, I/O),
  // of the statement that made it do so.
  absl::Status Commit();
  void Rollback();
  bool active() const { return db_ != nullptr; }

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;  // Null when over.
};

// A part of a transaction that can be undone alone. Savepoints end in reverse order of their begin.
class Savepoint {
 public:
  static absl::StatusOr<Savepoint> Begin(Database& db);
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  Savepoint(const Savepoint&) = delete;
  ~Savepoint();  // Undoes what is not released.

  // Keeps the changes as part of the surrounding transaction.
  absl::Status Release();
  void Rollback();

 private:
  explicit Savepoint(Database* db) : db_(db) {}
  Database* db_;
};

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_TRANSACTION_H_
