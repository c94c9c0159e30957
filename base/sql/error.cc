#include "base/sql/error.h"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/sql/sqlite_error.h"

namespace muster::sql {
namespace {

constexpr char kPayloadUrl[] = "muster.sql/error_kind";

struct KindRow {
  ErrorKind kind;
  const char* name;
  absl::StatusCode code;
};

constexpr std::array kKinds = {
    KindRow{ErrorKind::kFull, "full", absl::StatusCode::kResourceExhausted},
    KindRow{ErrorKind::kIo, "io", absl::StatusCode::kDataLoss},
    KindRow{ErrorKind::kCorrupt, "corrupt", absl::StatusCode::kDataLoss},
    KindRow{ErrorKind::kBusy, "busy", absl::StatusCode::kUnavailable},
    KindRow{ErrorKind::kConstraintUnique, "constraint_unique", absl::StatusCode::kAlreadyExists},
    KindRow{ErrorKind::kConstraintForeignKey, "constraint_foreign_key",
            absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kConstraintCheck, "constraint_check", absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kReadOnly, "read_only", absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kCannotOpen, "cannot_open", absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kNotFound, "not_found", absl::StatusCode::kNotFound},
    KindRow{ErrorKind::kNewer, "newer", absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kForeign, "foreign", absl::StatusCode::kFailedPrecondition},
    KindRow{ErrorKind::kOther, "other", absl::StatusCode::kInternal},
};

absl::Status Tagged(absl::StatusCode code, ErrorKind kind, absl::string_view message) {
  return WithKind(absl::Status(code, message), kind);
}

ErrorKind ConstraintKind(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return ErrorKind::kConstraintUnique;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return ErrorKind::kConstraintForeignKey;
    default:
      return ErrorKind::kConstraintCheck;
  }
}

// SQLite reports some writes that failed for lack of space as plain I/O errors; the operating
// system's code tells.
bool NoSpace(sqlite3* db) {
  const int code = db == nullptr ? 0 : sqlite3_system_errno(db);
  return code == ENOSPC
#ifdef EDQUOT
         || code == EDQUOT
#endif
      ;
}

ErrorKind KindOf(sqlite3* db, int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return ErrorKind::kFull;
    case SQLITE_IOERR:
      return NoSpace(db) ? ErrorKind::kFull : ErrorKind::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return ErrorKind::kBusy;
    case SQLITE_CONSTRAINT:
      return ConstraintKind(extended_code);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorKind::kReadOnly;
    case SQLITE_CANTOPEN:
      return NoSpace(db) ? ErrorKind::kFull : ErrorKind::kCannotOpen;
    default:
      return ErrorKind::kOther;
  }
}

}  // namespace

absl::string_view ErrorKindName(ErrorKind kind) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return row.name;
  }
  return "none";
}

ErrorKind ErrorKindOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return ErrorKind::kNone;
  for (const KindRow& row : kKinds) {
    if (*payload == row.name) return row.kind;
  }
  return ErrorKind::kOther;
}

bool IsFatal(ErrorKind kind) {
  return kind == ErrorKind::kFull || kind == ErrorKind::kIo || kind == ErrorKind::kCorrupt;
}

absl::Status MakeError(ErrorKind kind, absl::string_view message) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return Tagged(row.code, kind, message);
  }
  return absl::OkStatus();
}

absl::Status WithKind(absl::Status status, ErrorKind kind) {
  status.SetPayload(kPayloadUrl, absl::Cord(ErrorKindName(kind)));
  return status;
}

absl::Status SqliteError(sqlite3* db, int result, absl::string_view context) {
  const int extended_code = db == nullptr ? result : sqlite3_extended_errcode(db);
  // The connection's own code is of the last call; when it speaks of something else, `result` is
  // the truth.
  const int code = (extended_code & 0xff) == (result & 0xff) ? extended_code : result;
  const char* const text =
      code == extended_code && db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const std::string message = absl::StrCat(context, ": ", text, " (sqlite ", code, ")");
  const ErrorKind kind = KindOf(db, code);
  if (kind != ErrorKind::kOther) return MakeError(kind, message);
  switch (code & 0xff) {
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
      return Tagged(absl::StatusCode::kAborted, kind, message);
    case SQLITE_NOMEM:
      return Tagged(absl::StatusCode::kResourceExhausted, kind, message);
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
      return Tagged(absl::StatusCode::kInvalidArgument, kind, message);
    default:
      return Tagged(absl::StatusCode::kInternal, kind, message);
  }
}

}  // namespace muster::sql
