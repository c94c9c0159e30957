// Turns a SQLite result code into a status. For the sources of base/sql alone: everyone else sees
// error.h.
#ifndef MUSTER_BASE_SQL_SQLITE_ERROR_H_
#define MUSTER_BASE_SQL_SQLITE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/sql/error.h"

struct sqlite3;

namespace muster::sql {

// `result` is what the failed call returned; `db`, if not null, adds the extended code and SQLite's
// words. `context` says what was tried; it may hold SQL text, never bound values.
absl::Status SqliteError(sqlite3* db, int result, absl::string_view context);

// The same status with this kind.
absl::Status WithKind(absl::Status status, ErrorKind kind);

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_SQLITE_ERROR_H_
