#include "orchestrator/cli/table.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "orchestrator/cli/printable.h"

namespace muster::cli {
namespace {

constexpr char kGreen[] = "\x1b[32m";
constexpr char kYellow[] = "\x1b[33m";
constexpr char kRed[] = "\x1b[31m";
constexpr char kBold[] = "\x1b[1m";
constexpr char kReset[] = "\x1b[0m";

// The color of a word that names a state; null for other text.
const char* ColorOf(absl::string_view word) {
  static const auto* colors = new absl::flat_hash_map<absl::string_view, const char*>{
      {"enrolled", kGreen},   {"succeeded", kGreen},
      {"completed", kGreen},  {"online", kGreen},
      {"ok", kGreen},         {"active", kGreen},
      {"queued", kYellow},    {"joining", kYellow},
      {"in_flight", kYellow}, {"verifying", kYellow},
      {"running", kYellow},   {"pending", kYellow},
      {"paused", kYellow},    {"joined_unverified", kYellow},
      {"partial", kYellow},   {"warning", kYellow},
      {"straggler", kYellow}, {"completed_with_stragglers", kYellow},
      {"canceling", kYellow}, {"completed_with_failures", kRed},
      {"failed", kRed},       {"in_doubt", kRed},
      {"degraded", kRed},     {"aborted", kRed},
      {"problem", kRed},      {"locked", kRed},
      {"banned", kRed},
  };
  const auto it = colors->find(word);
  return it == colors->end() ? nullptr : it->second;
}

std::string Heading(absl::string_view name) {
  return absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"_", " "}});
}

bool IsNumber(absl::string_view text) {
  double ignored;
  return absl::SimpleAtod(text, &ignored);
}

std::string CellText(const Column& column, const std::string& text, const TableStyle& style) {
  return Printable(column.unit == Unit::kTime ? TimeText(text, style) : text);
}

constexpr char kGap[] = "  ";
// A column is not cut below this: what is left must still say something.
constexpr size_t kNarrowest = 8;

struct ShownColumn {
  std::string heading;
  size_t width = 0;
  bool number = false;  // Numbers are never cut: half a number is another number.
  Unit unit = Unit::kText;
  std::vector<std::string> cells;
};

// Takes columns of the terminal from the widest text, again and again, until the rows fit or
// nothing can be taken any more.
void Narrow(std::vector<ShownColumn>& columns, size_t most) {
  size_t total = columns.empty() ? 0 : (columns.size() - 1) * (sizeof(kGap) - 1);
  for (const ShownColumn& column : columns) total += column.width;
  while (total > most) {
    ShownColumn* widest = nullptr;
    for (ShownColumn& column : columns) {
      if (column.number || column.width <= kNarrowest) continue;
      if (widest == nullptr || column.width > widest->width) widest = &column;
    }
    if (widest == nullptr) return;
    --widest->width;
    --total;
  }
}

std::string Colored(absl::string_view text, const char* color) {
  return color == nullptr ? std::string(text) : absl::StrCat(color, text, kReset);
}

std::string CsvCell(absl::string_view text) {
  std::string cell = WithEscapes(text);
  if (!cell.empty() &&
      (absl::StrContains("=+@\t\r", cell[0]) || (cell[0] == '-' && !IsNumber(cell)))) {
    cell.insert(0, 1, '\'');
  }
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

}  // namespace

std::string AgeText(absl::Duration age) {
  const bool past = age >= absl::ZeroDuration();
  const absl::Duration size = absl::AbsDuration(age);
  struct UnitOfTime {
    absl::Duration length;
    const char* name;
  };
  static constexpr UnitOfTime kUnits[] = {{absl::Hours(24), "d"},
                                          {absl::Hours(1), "h"},
                                          {absl::Minutes(1), "min"},
                                          {absl::Seconds(1), "s"}};
  for (const UnitOfTime& unit : kUnits) {
    if (size < unit.length) continue;
    const int64_t count = size / unit.length;
    return past ? absl::StrCat(count, " ", unit.name, " ago")
                : absl::StrCat("in ", count, " ", unit.name);
  }
  return "now";
}

std::string TimeText(const std::string& utc, const TableStyle& style) {
  absl::Time time;
  std::string ignored;
  if (!style.zone.has_value() || !absl::ParseTime(absl::RFC3339_full, utc, &time, &ignored)) {
    return utc;
  }
  return absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", time, *style.zone), ", ",
                      AgeText(style.now - time));
}

void WriteTable(const Table& table, const TableStyle& style, std::ostream& out) {
  std::vector<ShownColumn> shown;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].show == Show::kDetails) continue;
    ShownColumn column{.heading = Heading(table.columns[i].name),
                       .number = !table.rows.empty(),
                       .unit = table.columns[i].unit};
    column.width = column.heading.size();
    bool any = false;
    for (const auto& row : table.rows) {
      if (!row[i].empty() && !IsNumber(row[i])) column.number = false;
      any = any || !row[i].empty();
      column.cells.push_back(row[i].empty() ? "-" : CellText(table.columns[i], row[i], style));
      column.width = std::max(column.width, WidthOf(column.cells.back()));
    }
    column.number = column.number && any;
    shown.push_back(std::move(column));
  }
  if (style.width > 0) Narrow(shown, static_cast<size_t>(style.width));
  const auto write_row = [&](const auto& text_of, bool heading) {
    std::vector<std::vector<std::string>> cells;  // The lines of each column's cell.
    size_t height = 1;
    for (const ShownColumn& column : shown) {
      const std::string& text = text_of(column);
      if (column.unit == Unit::kProse && !heading) {
        cells.push_back(Wrap(text, column.width));
      } else {
        cells.push_back({Fit(text, column.width)});
      }
      height = std::max(height, cells.back().size());
    }
    for (size_t l = 0; l < height; ++l) {
      std::string line;
      for (size_t i = 0; i < shown.size(); ++i) {
        const std::string text = l < cells[i].size() ? cells[i][l] : "";
        const std::string padding(shown[i].width - std::min(WidthOf(text), shown[i].width), ' ');
        const char* tint = !style.color || text.empty() ? nullptr
                           : heading                    ? kBold
                                                        : ColorOf(text_of(shown[i]));
        const bool last = i + 1 == shown.size();
        absl::StrAppend(&line, shown[i].number ? padding : "", Colored(text, tint),
                        shown[i].number || last ? "" : padding, last ? "" : kGap);
      }
      out << absl::StripTrailingAsciiWhitespace(line) << "\n";
    }
  };
  write_row([](const ShownColumn& column) -> const std::string& { return column.heading; }, true);
  for (size_t r = 0; r < table.rows.size(); ++r) {
    write_row([r](const ShownColumn& column) -> const std::string& { return column.cells[r]; },
              false);
  }
}

void WriteDetails(const Table& table, const TableStyle& style, std::ostream& out) {
  size_t width = 0;
  for (const Column& column : table.columns) width = std::max(width, column.name.size());
  for (size_t r = 0; r < table.rows.size(); ++r) {
    if (r > 0) out << "\n";
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const std::string text = CellText(table.columns[i], table.rows[r][i], style);
      if (text.empty()) continue;
      const std::string name = absl::StrReplaceAll(table.columns[i].name, {{"_", " "}});
      out << name << ":" << std::string(width - name.size() + 1, ' ')
          << Colored(text, style.color ? ColorOf(text) : nullptr) << "\n";
    }
  }
}

void WriteCsv(const Table& table, std::ostream& out) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    out << (i > 0 ? "," : "") << CsvCell(table.columns[i].name);
  }
  out << "\n";
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) out << (i > 0 ? "," : "") << CsvCell(row[i]);
    out << "\n";
  }
}

}  // namespace muster::cli
