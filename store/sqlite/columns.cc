#include "store/sqlite/columns.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "base/failure_code.h"
#include "base/sql/database.h"

namespace muster::store {
namespace {

void AppendItem(std::string& out, absl::string_view item) {
  absl::StrAppend(&out, item.size(), ":", item);
}

}  // namespace

std::string EncodeList(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) AppendItem(out, item);
  return out;
}

std::optional<std::vector<std::string>> DecodeList(absl::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    uint32_t size = 0;
    if (colon == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, colon), &size) ||
        size > text.size() - colon - 1) {
      return std::nullopt;
    }
    items.emplace_back(text.substr(colon + 1, size));
    text.remove_prefix(colon + 1 + size);
  }
  return items;
}

std::string EncodeLabels(const Labels& labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    AppendItem(out, key);
    AppendItem(out, value);
  }
  return out;
}

std::optional<Labels> DecodeLabels(absl::string_view text) {
  const auto items = DecodeList(text);
  if (!items.has_value() || items->size() % 2 != 0) return std::nullopt;
  Labels labels;
  for (size_t i = 0; i < items->size(); i += 2) labels[(*items)[i]] = (*items)[i + 1];
  return labels;
}

FailureCode CodeFromText(absl::string_view text) {
  return FindFailureCode(text).value_or(FailureCode::kJoinUnknownAnswer);
}

template <typename E>
void ColumnReader::Take(const std::optional<E>& parsed, E& value) {
  if (parsed.has_value()) {
    value = *parsed;
  } else {
    KeepError();
  }
  ++column_;
}

void ColumnReader::KeepError() {
  if (!status_.ok()) return;
  status_ =
      absl::DataLossError(absl::StrCat("column ", column_ + 1, " holds \"", row_.TextView(column_),
                                       "\", which this program does not know"));
}

void ColumnReader::ReadOne(std::optional<Failure>& failure) {
  if (row_.IsNull(column_)) {
    failure.reset();
  } else {
    const absl::string_view text = row_.TextView(column_);
    const auto known = FindFailureCode(text);
    failure = Failure{CodeFromText(text), row_.Text(column_ + 1)};
    if (!known.has_value()) failure->detail = absl::StrCat(text, ": ", failure->detail);
  }
  column_ += 2;
}

void ColumnReader::ReadOne(Labels& labels) { Take(DecodeLabels(row_.TextView(column_)), labels); }

void ColumnReader::ReadOne(std::vector<std::string>& items) {
  Take(DecodeList(row_.TextView(column_)), items);
}

// NOLINTBEGIN(bugprone-macro-parentheses): the parameter is a type.
#define MUSTER_READ_STATE(Enum) \
  void ColumnReader::ReadEnum(Enum& value) { Take(Parse##Enum(row_.TextView(column_)), value); }
// NOLINTEND(bugprone-macro-parentheses)
MUSTER_READ_STATE(Admission)
MUSTER_READ_STATE(Enrollment)
MUSTER_READ_STATE(AttemptState)
MUSTER_READ_STATE(RolloutState)
MUSTER_READ_STATE(TargetState)
MUSTER_READ_STATE(KeyVersionState)
MUSTER_READ_STATE(TokenState)
MUSTER_READ_STATE(CertificateState)
MUSTER_READ_STATE(CommandKind)
MUSTER_READ_STATE(MatchKind)
#undef MUSTER_READ_STATE

void ColumnReader::ReadEnum(ServicePresence& value) {
  Take(ParseServicePresence(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(VerifierKind& value) {
  Take(ParseVerifierKind(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(HubListKind& value) {
  Take(ParseHubListKind(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(TokenMode& value) {
  Take(ParseTokenMode(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(OperatorRole& value) {
  Take(ParseOperatorRole(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(FindingKind& value) {
  Take(ParseFindingKind(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(FindingState& value) {
  Take(ParseFindingState(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(SweepState& value) {
  Take(ParseSweepState(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(MachineStanding& value) {
  Take(ParseMachineStanding(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(SweepTrigger& value) {
  Take(ParseSweepTrigger(row_.TextView(column_)), value);
}

void ColumnReader::ReadEnum(ChannelKind& value) {
  Take(ParseChannelKind(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(NotificationKind& value) {
  Take(ParseNotificationKind(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(DeliveryState& value) {
  Take(ParseDeliveryState(row_.TextView(column_)), value);
}
void ColumnReader::ReadEnum(Severity& value) { Take(ParseSeverity(row_.TextView(column_)), value); }

absl::Status Explain(absl::Status status, sql::ErrorKind kind, absl::string_view text) {
  if (sql::ErrorKindOf(status) != kind) return status;
  return sql::MakeError(kind, text);
}

absl::Status NotMoved(absl::string_view what, const std::optional<std::string>& current,
                      absl::string_view from) {
  if (!current.has_value()) return absl::NotFoundError(absl::StrCat(what, " does not exist"));
  return absl::AbortedError(absl::StrCat(what, " is ", *current, ", not ", from,
                                         ": it has moved meanwhile; read it again"));
}

absl::Status CheckChanged(const sql::Database& db, absl::string_view what) {
  if (db.changes() > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(what, " does not exist"));
}

}  // namespace muster::store
