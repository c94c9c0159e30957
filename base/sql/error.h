// Errors of the database as absl::Status, with a kind that a caller can act upon.
//
//   kind                    status code          what the caller does
//   kFull                   ResourceExhausted    the disk is full: stop writing, tell the operator
//   kIo, kCorrupt           DataLoss             the file cannot be trusted: stop writing, tell the
//                                                operator
//   kBusy                   Unavailable          another connection holds the lock: try again
//   kConstraintUnique       AlreadyExists        a row with this key is there
//   kConstraintForeignKey   FailedPrecondition   a row that is referred to is missing, or still
//                                                referred to
//   kConstraintCheck        FailedPrecondition   a CHECK, NOT NULL, type or trigger refused the row
//   kReadOnly, kCannotOpen  FailedPrecondition   permissions, or a read-only connection: fix the
//                                                world
//   kNotFound               NotFound             no database at that path, and OpenOptions::create
//                                                is off
//   kNewer                  FailedPrecondition   a newer program has migrated the file: run
//                                                that one
//   kForeign                FailedPrecondition   the file is a database, but not of this schema
//   kOther                  varies               a mistake in the program (bad SQL, wrong number of
//                                                values) or an interruption
#ifndef MUSTER_BASE_SQL_ERROR_H_
#define MUSTER_BASE_SQL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::sql {

enum class ErrorKind {
  kNone,
  kFull,
  kIo,
  kCorrupt,
  kBusy,
  kConstraintUnique,
  kConstraintForeignKey,
  kConstraintCheck,
  kReadOnly,
  kCannotOpen,
  kNotFound,
  kNewer,
  kForeign,
  kOther,
};

// The kind that travels with `status` (it survives muster::Annotate). kNone when it is OK or does
// not come from this library.
ErrorKind ErrorKindOf(const absl::Status& status);

// True for the kinds after which nothing more may be written: kFull, kIo, kCorrupt.
bool IsFatal(ErrorKind kind);

// A status of this kind with the code of the table above; also what tests inject through
// Database::SetCommitHook.
absl::Status MakeError(ErrorKind kind, absl::string_view message);

// "full", "constraint_unique", …: the kind in logs and metrics.
absl::string_view ErrorKindName(ErrorKind kind);

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_ERROR_H_
