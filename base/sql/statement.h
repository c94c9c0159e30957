// A prepared statement: bind values, step through rows, read columns.
//
//   ASSIGN_OR_RETURN(
//       std::vector<Server> servers,
//       db.Cached("SELECT id, name, seen_us FROM servers WHERE zone = ?")
//           .BindAll(zone)
//           .All([](const Row& row) {
//             return Server{row.Get<ServerId>(0), row.Text(1),
//                           row.Get<std::optional<absl::Time>>(2)};
//           }));
//   RETURN_IF_ERROR(db.Cached("UPDATE servers SET name = ? WHERE id = ?").RunWith(name, id));
//
// Errors of preparing and binding are kept and come out of the first Step, Run, ForEach, All or
// One, so that calls can be chained. Times and durations are integer microseconds; the infinite
// ones survive the round trip. Text that is no UTF-8 is refused with InvalidArgument: who keeps
// bytes binds a Blob. Parameters and columns may be an optional, where an empty one is NULL. Not
// thread-safe: a statement belongs to its database's thread.
#ifndef MUSTER_BASE_SQL_STATEMENT_H_
#define MUSTER_BASE_SQL_STATEMENT_H_

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "base/status_macros.h"

struct sqlite3_stmt;

namespace muster::sql {

class Database;

namespace internal {

struct CachedStatement {
  sqlite3_stmt* stmt = nullptr;
  bool in_use = false;
};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsStatusOr : std::false_type {};
template <typename T>
struct IsStatusOr<absl::StatusOr<T>> : std::true_type {
  using Value = T;
};
template <typename T>
struct ValueOf {
  using Type = T;
};
template <typename T>
struct ValueOf<absl::StatusOr<T>> {
  using Type = T;
};

}  // namespace internal

// Bytes to bind as a BLOB; text binds as TEXT. A view: the bytes must live until the statement has
// run.
struct Blob {
  absl::string_view bytes;
};

// The current row of a statement; valid until its next step. Columns count from 0. A NULL reads as
// 0 or "" unless asked for as optional.
class Row {
 public:
  explicit Row(sqlite3_stmt* stmt) : stmt_(stmt) {}

  int columns() const;
  bool IsNull(int column) const;
  int64_t Int64(int column) const;
  double Double(int column) const;
  // Always UTF-8: what an older program stored that is none reads with '?' in its place. Of a BLOB
  // its bytes as they are.
  std::string Text(int column) const;
  // As it is stored. Valid until the next step.
  absl::string_view TextView(int column) const;
  absl::Time Time(int column) const;
  absl::Duration Duration(int column) const;

  // T: an integer, bool, double, std::string, absl::Time, absl::Duration, muster::Id<…>, or a
  // std::optional of one of them.
  template <typename T>
  T Get(int column) const;

 private:
  sqlite3_stmt* stmt_;
};

class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  ~Statement();  // Returns a cached statement to its database, without its values.

  // Rewinds the statement and binds all its parameters, in order. Text and blobs are copied.
  template <typename... Values>
  Statement& BindAll(const Values&... values) {
    Reset();
    (Bind(values), ...);
    return *this;
  }
  // Binds the next parameter, from the first one after a Reset on.
  template <typename T>
  Statement& Bind(const T& value) {
    BindAt(++bound_, value);
    return *this;
  }
  // Binds a parameter by its name, colon included: BindNamed(":zone", zone).
  template <typename T>
  Statement& BindNamed(const char* name, const T& value) {
    if (const int index = IndexOf(name); index > 0) {
      ++bound_;
      BindAt(index, value);
    }
    return *this;
  }
  // Rewinds the statement and forgets its values, and an error of binding or stepping.
  void Reset();

  // True with a row in row(); false at the end.
  absl::StatusOr<bool> Step();
  Row row() const { return Row(stmt_); }

  // Runs a statement to its end; rows, if any, are dropped.
  absl::Status Run();
  // BindAll and Run in one, without a copy of text and blobs.
  template <typename... Values>
  absl::Status RunWith(const Values&... values) {
    Reset();
    borrows_ = true;
    (Bind(values), ...);
    absl::Status status = Run();
    borrows_ = false;
    Reset();
    return status;
  }

  // Calls `visit(const Row&)` for each row; it returns nothing, or a Status whose error ends the
  // walk and is returned.
  template <typename Visit>
  absl::Status ForEach(Visit&& visit);

  // `make(const Row&)` returns a T or a StatusOr<T>. All rows, in order.
  template <typename Make,
            typename T = typename internal::ValueOf<std::invoke_result_t<Make&, const Row&>>::Type>
  absl::StatusOr<std::vector<T>> All(Make&& make);
  // The first row, if there is one; later ones are dropped.
  template <typename Make,
            typename T = typename internal::ValueOf<std::invoke_result_t<Make&, const Row&>>::Type>
  absl::StatusOr<std::optional<T>> One(Make&& make);

 private:
  friend class Database;
  Statement(Database* db, sqlite3_stmt* stmt, internal::CachedStatement* cached);
  Statement(Database* db, absl::Status error);

  template <typename T>
  void BindAt(int index, const T& value);
  void BindNull(int index);
  void BindInt64(int index, int64_t value);
  void BindDouble(int index, double value);
  void BindText(int index, absl::string_view value);
  void BindBlob(int index, absl::string_view value);
  void BindTime(int index, absl::Time value);
  void BindDuration(int index, absl::Duration value);
  int IndexOf(const char* name);
  void KeepError(int result);

  Database* db_;
  sqlite3_stmt* stmt_ = nullptr;                 // Null when preparing failed.
  internal::CachedStatement* cached_ = nullptr;  // Null when this object owns stmt_.
  int bound_ = 0;
  bool borrows_ = false;  // Text and blobs outlive the run.
  bool clean_ = true;     // Rewound and without values.
  bool stepped_ = false;
  absl::Status prepare_error_;
  absl::Status error_;
};

// ---- templates ----

template <typename T>
T Row::Get(int column) const {
  if constexpr (internal::IsOptional<T>::value) {
    if (IsNull(column)) return std::nullopt;
    return Get<typename T::value_type>(column);
  } else if constexpr (std::same_as<T, bool>) {
    return Int64(column) != 0;
  } else if constexpr (std::integral<T>) {
    return static_cast<T>(Int64(column));
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(Double(column));
  } else if constexpr (std::same_as<T, absl::Time>) {
    return Time(column);
  } else if constexpr (std::same_as<T, absl::Duration>) {
    return Duration(column);
  } else if constexpr (std::same_as<T, std::string>) {
    return Text(column);
  } else {
    return T(Text(column));  // muster::Id<…>
  }
}

template <typename T>
void Statement::BindAt(int index, const T& value) {
  if constexpr (std::same_as<T, std::nullopt_t> || std::same_as<T, std::nullptr_t>) {
    BindNull(index);
  } else if constexpr (internal::IsOptional<T>::value) {
    if (value.has_value()) {
      BindAt(index, *value);
    } else {
      BindNull(index);
    }
  } else if constexpr (std::integral<T>) {
    BindInt64(index, static_cast<int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    BindDouble(index, value);
  } else if constexpr (std::same_as<T, absl::Time>) {
    BindTime(index, value);
  } else if constexpr (std::same_as<T, absl::Duration>) {
    BindDuration(index, value);
  } else if constexpr (std::same_as<T, Blob>) {
    BindBlob(index, value.bytes);
  } else if constexpr (std::convertible_to<const T&, absl::string_view>) {
    BindText(index, value);
  } else if constexpr (std::convertible_to<const T&, const std::string&>) {
    BindText(index, static_cast<const std::string&>(value));  // ForeignText
  } else {
    BindText(index, value.value());  // muster::Id<…>
  }
}

template <typename Visit>
absl::Status Statement::ForEach(Visit&& visit) {
  while (true) {
    ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) return absl::OkStatus();
    const Row current = row();
    if constexpr (std::is_void_v<std::invoke_result_t<Visit&, const Row&>>) {
      visit(current);
    } else {
      RETURN_IF_ERROR(visit(current));
    }
  }
}

template <typename Make, typename T>
absl::StatusOr<std::vector<T>> Statement::All(Make&& make) {
  std::vector<T> rows;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) return rows;
    const Row current = row();
    if constexpr (internal::IsStatusOr<std::invoke_result_t<Make&, const Row&>>::value) {
      ASSIGN_OR_RETURN(T value, make(current));
      rows.push_back(std::move(value));
    } else {
      rows.push_back(make(current));
    }
  }
}

template <typename Make, typename T>
absl::StatusOr<std::optional<T>> Statement::One(Make&& make) {
  ASSIGN_OR_RETURN(const bool found, Step());
  if (!found) return std::optional<T>();
  const Row current = row();
  if constexpr (internal::IsStatusOr<std::invoke_result_t<Make&, const Row&>>::value) {
    ASSIGN_OR_RETURN(T value, make(current));
    return std::optional<T>(std::move(value));
  } else {
    return std::optional<T>(make(current));
  }
}

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_STATEMENT_H_
