// How values of the model stand in columns: enums as their strings, a failure as code and detail,
// labels and lists in one text.
//
//   list     length:bytes length:bytes …     "4:web14:web2"
//   labels   a list of key, value, key, value, …
#ifndef MUSTER_STORE_SQLITE_COLUMNS_H_
#define MUSTER_STORE_SQLITE_COLUMNS_H_

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/sql/error.h"
#include "base/sql/statement.h"
#include "store/model/identity.h"
#include "store/model/identity_machine.h"
#include "store/model/server.h"
#include "store/model/zone.h"

namespace muster::store {

std::string EncodeList(const std::vector<std::string>& items);
std::optional<std::vector<std::string>> DecodeList(absl::string_view text);
std::string EncodeLabels(const Labels& labels);
std::optional<Labels> DecodeLabels(absl::string_view text);

// For binding: an empty id or text is NULL.
inline std::optional<absl::string_view> OrNull(absl::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}
template <typename Tag>
std::optional<absl::string_view> OrNull(const Id<Tag>& id) {
  return OrNull(absl::string_view(id.value()));
}

// For binding the two columns of a failure.
inline std::optional<absl::string_view> CodeOf(const std::optional<Failure>& failure) {
  if (!failure.has_value()) return std::nullopt;
  return TextOf(failure->code);
}
inline std::optional<absl::string_view> DetailOf(const std::optional<Failure>& failure) {
  if (!failure.has_value()) return std::nullopt;
  return failure->detail;
}

// The code of a text in the database. One that a newer program wrote reads as
// E-JOIN-UNKNOWN-ANSWER: it is not known here what it means.
FailureCode CodeFromText(absl::string_view text);

// Reads a row's columns from left to right into fields of the model. The first text that names no
// state is kept as an error.
class ColumnReader {
 public:
  explicit ColumnReader(const sql::Row& row, int first = 0) : row_(row), column_(first) {}

  template <typename... Fields>
  ColumnReader& Read(Fields&... fields) {
    (ReadOne(fields), ...);
    return *this;
  }
  bool NextIsNull() const { return row_.IsNull(column_); }
  void Skip(int columns) { column_ += columns; }
  // DataLoss when a column held what no program writes.
  const absl::Status& status() const { return status_; }

 private:
  template <typename T>
  void ReadOne(T& field) {
    if constexpr (std::is_enum_v<T>) {
      ReadEnum(field);
    } else {
      field = row_.Get<T>(column_++);
    }
  }
  void ReadOne(std::optional<Failure>& failure);  // Two columns.
  void ReadOne(ForeignText& text) { text = ForeignText(row_.TextView(column_++)); }
  void ReadOne(Sealed& sealed) { sealed.bytes = row_.Text(column_++); }
  void ReadOne(Labels& labels);
  void ReadOne(std::vector<std::string>& items);

  void ReadEnum(Admission& value);
  void ReadEnum(Enrollment& value);
  void ReadEnum(AttemptState& value);
  void ReadEnum(RolloutState& value);
  void ReadEnum(TargetState& value);
  void ReadEnum(KeyVersionState& value);
  void ReadEnum(TokenState& value);
  void ReadEnum(CertificateState& value);
  void ReadEnum(CommandKind& value);
  void ReadEnum(MatchKind& value);
  void ReadEnum(ServicePresence& value);
  void ReadEnum(VerifierKind& value);
  void ReadEnum(HubListKind& value);
  void ReadEnum(TokenMode& value);
  void ReadEnum(OperatorRole& value);
  void ReadEnum(FindingKind& value);
  void ReadEnum(FindingState& value);
  void ReadEnum(SweepState& value);
  void ReadEnum(MachineStanding& value);
  void ReadEnum(SweepTrigger& value);
  void ReadEnum(ChannelKind& value);
  void ReadEnum(NotificationKind& value);
  void ReadEnum(DeliveryState& value);
  void ReadEnum(Severity& value);
  void ReadEnum(FailureCode& value) { value = CodeFromText(row_.TextView(column_++)); }

  template <typename E>
  void Take(const std::optional<E>& parsed, E& value);
  void KeepError();

  const sql::Row& row_;
  int column_;
  absl::Status status_;
};

// A constraint of the database in the words of the caller: `text` when `status` is of `kind`.
absl::Status Explain(absl::Status status, sql::ErrorKind kind, absl::string_view text);

// What a compare-and-set answers that changed nothing: NotFound or Aborted. `current` is the
// state that the row has, none when there is no row.
absl::Status NotMoved(absl::string_view what, const std::optional<std::string>& current,
                      absl::string_view from);

// Internal unless the transition table holds the move (invariant 5).
template <typename E>
absl::Status CheckMove(absl::string_view what, E from, E to) {
  if (MayMove(from, to)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, ": no transition ", ToString(from), " → ",
                                          ToString(to), "; this is a defect of Muster"));
}

// NotFound when the statement before changed no row.
absl::Status CheckChanged(const sql::Database& db, absl::string_view what);

}  // namespace muster::store

#endif  // MUSTER_STORE_SQLITE_COLUMNS_H_
