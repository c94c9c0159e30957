#include "base/sql/statement.h"

#include <sqlite3.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/sql/database.h"
#include "base/sql/sqlite_error.h"
#include "base/utf8.h"

namespace muster::sql {
namespace {

constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinusInfinite = std::numeric_limits<int64_t>::min();

}  // namespace

int Row::columns() const { return sqlite3_data_count(stmt_); }
bool Row::IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
int64_t Row::Int64(int column) const { return sqlite3_column_int64(stmt_, column); }
double Row::Double(int column) const { return sqlite3_column_double(stmt_, column); }

absl::string_view Row::TextView(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
  if (bytes == nullptr) return "";
  return absl::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(stmt_, column)));
}

std::string Row::Text(int column) const {
  const absl::string_view text = TextView(column);
  if (IsUtf8(text) || sqlite3_column_type(stmt_, column) != SQLITE_TEXT) return std::string(text);
  return WithoutBadUtf8(text);
}

absl::Time Row::Time(int column) const {
  const int64_t value = Int64(column);
  if (value == kInfinite) return absl::InfiniteFuture();
  if (value == kMinusInfinite) return absl::InfinitePast();
  return absl::FromUnixMicros(value);
}

absl::Duration Row::Duration(int column) const {
  const int64_t value = Int64(column);
  if (value == kInfinite) return absl::InfiniteDuration();
  if (value == kMinusInfinite) return -absl::InfiniteDuration();
  return absl::Microseconds(value);
}

Statement::Statement(Database* db, sqlite3_stmt* stmt, internal::CachedStatement* cached)
    : db_(db), stmt_(stmt), cached_(cached) {
  if (cached_ != nullptr) cached_->in_use = true;
}

Statement::Statement(Database* db, absl::Status error)
    : db_(db), prepare_error_(std::move(error)) {}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      stmt_(std::exchange(other.stmt_, nullptr)),
      cached_(std::exchange(other.cached_, nullptr)),
      bound_(other.bound_),
      borrows_(other.borrows_),
      clean_(other.clean_),
      stepped_(other.stepped_),
      prepare_error_(std::move(other.prepare_error_)),
      error_(std::move(other.error_)) {}

Statement::~Statement() {
  if (stmt_ == nullptr) return;
  if (cached_ == nullptr) {
    sqlite3_finalize(stmt_);
    return;
  }
  Reset();
  cached_->in_use = false;
}

void Statement::Reset() {
  bound_ = 0;
  stepped_ = false;
  error_ = absl::OkStatus();
  if (stmt_ == nullptr || clean_) return;
  sqlite3_reset(stmt_);
  sqlite3_clear_bindings(stmt_);
  clean_ = true;
}

absl::StatusOr<bool> Statement::Step() {
  RETURN_IF_ERROR(prepare_error_);
  RETURN_IF_ERROR(error_);
  if (!stepped_) {
    const int expected = sqlite3_bind_parameter_count(stmt_);
    if (bound_ != expected) {
      error_ = MakeError(ErrorKind::kOther, absl::StrCat(bound_, " values for ", expected,
                                                         " parameters of: ", sqlite3_sql(stmt_)));
      return error_;
    }
    stepped_ = true;
  }
  clean_ = false;
  const int result = sqlite3_step(stmt_);
  if (result == SQLITE_ROW) return true;
  error_ = db_->Finish(result, sqlite3_sql(stmt_));
  // A finished or failed statement holds no lock on the database while its caller goes on.
  sqlite3_reset(stmt_);
  stepped_ = false;
  RETURN_IF_ERROR(error_);
  return false;
}

absl::Status Statement::Run() {
  while (true) {
    ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) return absl::OkStatus();
  }
}

namespace {

// For an error's text: it says which value it was, and does not repeat all of it.
std::string Excerpted(absl::string_view value) {
  constexpr size_t kMost = 100;
  return absl::StrCat(WithoutBadUtf8(value.substr(0, kMost)), value.size() > kMost ? "..." : "");
}

}  // namespace

void Statement::KeepError(int result) {
  clean_ = false;  // A value was bound, or half of one.
  if (result == SQLITE_OK || !error_.ok()) return;
  error_ = SqliteError(nullptr, result,
                       absl::StrCat("bind value ", bound_, " of: ", sqlite3_sql(stmt_)));
}

void Statement::BindNull(int index) {
  if (stmt_ != nullptr) KeepError(sqlite3_bind_null(stmt_, index));
}

void Statement::BindInt64(int index, int64_t value) {
  if (stmt_ != nullptr) KeepError(sqlite3_bind_int64(stmt_, index, value));
}

void Statement::BindDouble(int index, double value) {
  if (stmt_ != nullptr) KeepError(sqlite3_bind_double(stmt_, index, value));
}

void Statement::BindText(int index, absl::string_view value) {
  if (stmt_ == nullptr) return;
  if (!IsUtf8(value)) {
    if (error_.ok()) {
      error_ = absl::InvalidArgumentError(
          absl::StrCat("parameter ", index, " is text that is no UTF-8: ", Excerpted(value)));
    }
    return;
  }
  // An empty view may have no address, which SQLite would take for NULL.
  KeepError(sqlite3_bind_text64(stmt_, index, value.empty() ? "" : value.data(), value.size(),
                                borrows_ ? SQLITE_STATIC : SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::BindBlob(int index, absl::string_view value) {
  if (stmt_ == nullptr) return;
  KeepError(sqlite3_bind_blob64(stmt_, index, value.empty() ? "" : value.data(), value.size(),
                                borrows_ ? SQLITE_STATIC : SQLITE_TRANSIENT));
}

void Statement::BindTime(int index, absl::Time value) {
  if (value == absl::InfiniteFuture()) return BindInt64(index, kInfinite);
  if (value == absl::InfinitePast()) return BindInt64(index, kMinusInfinite);
  BindInt64(index, absl::ToUnixMicros(value));
}

void Statement::BindDuration(int index, absl::Duration value) {
  if (value == absl::InfiniteDuration()) return BindInt64(index, kInfinite);
  if (value == -absl::InfiniteDuration()) return BindInt64(index, kMinusInfinite);
  BindInt64(index, absl::ToInt64Microseconds(value));
}

int Statement::IndexOf(const char* name) {
  if (stmt_ == nullptr) return 0;
  const int index = sqlite3_bind_parameter_index(stmt_, name);
  if (index == 0 && error_.ok()) {
    error_ = MakeError(ErrorKind::kOther,
                       absl::StrCat("no parameter ", name, " in: ", sqlite3_sql(stmt_)));
  }
  return index;
}

}  // namespace muster::sql
