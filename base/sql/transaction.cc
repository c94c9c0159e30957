#include "base/sql/transaction.h"

#include <utility>

#include "base/sql/database.h"
#include "base/status_macros.h"

namespace muster::sql {

absl::StatusOr<Transaction> Transaction::Begin(Database& db, TransactionMode mode) {
  if (db.in_transaction()) {
    return MakeError(ErrorKind::kOther, "a transaction is open on this connection already");
  }
  RETURN_IF_ERROR(
      db.Cached(mode == TransactionMode::kImmediate ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED").Run());
  db.rollback_cause_ = absl::OkStatus();
  return Transaction(&db);
}

Transaction::Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Transaction::~Transaction() { Rollback(); }

absl::Status Transaction::Commit() {
  if (db_ == nullptr) return MakeError(ErrorKind::kOther, "commit of a transaction that is over");
  Database* const db = std::exchange(db_, nullptr);
  if (!db->in_transaction()) {
    return db->rollback_cause_.ok()
               ? MakeError(ErrorKind::kOther, "the transaction was ended behind its owner's back")
               : Annotate(db->rollback_cause_, "the transaction was rolled back");
  }
  const absl::Status status = db->Cached("COMMIT").Run();
  if (!status.ok() && db->in_transaction()) db->Cached("ROLLBACK").Run().IgnoreError();
  return status;
}

void Transaction::Rollback() {
  if (db_ == nullptr) return;
  Database* const db = std::exchange(db_, nullptr);
  // A rollback cannot fail in a way that leaves changes; when SQLite has rolled back already there
  // is nothing to do.
  if (db->in_transaction()) db->Cached("ROLLBACK").Run().IgnoreError();
}

// SQLite finds the innermost savepoint of a name, so one name serves all depths.
absl::StatusOr<Savepoint> Savepoint::Begin(Database& db) {
  RETURN_IF_ERROR(db.Cached("SAVEPOINT muster").Run());
  return Savepoint(&db);
}

Savepoint::Savepoint(Savepoint&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Savepoint::~Savepoint() { Rollback(); }

absl::Status Savepoint::Release() {
  if (db_ == nullptr) return MakeError(ErrorKind::kOther, "release of a savepoint that is over");
  const absl::Status status = db_->Cached("RELEASE muster").Run();
  if (status.ok()) db_ = nullptr;
  return status;
}

void Savepoint::Rollback() {
  if (db_ == nullptr) return;
  Database* const db = std::exchange(db_, nullptr);
  if (!db->in_transaction()) return;  // It went with the whole transaction.
  db->Cached("ROLLBACK TO muster").Run().IgnoreError();
  db->Cached("RELEASE muster").Run().IgnoreError();
}

}  // namespace muster::sql
