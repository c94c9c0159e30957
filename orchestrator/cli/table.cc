#include "orchestrator/cli/table.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
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
      {"banned", kRed},       {"rejected", kRed},
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
constexpr size_t kGapWidth = sizeof(kGap) - 1;
// Columns of words are not narrowed below these: what is left must be pleasant to read.
constexpr size_t kNarrowestProse = 20;
constexpr size_t kNarrowestText = 8;

struct ShownColumn {
  std::string heading;
  Unit unit = Unit::kText;
  bool number = false;  // To the right, and never broken: half a number is another number.
  bool zeros = false;   // Nothing but "0".
  std::vector<std::string> cells;
  std::vector<std::string> ages;  // Of times: what stands for the cells where there is no room.
  std::vector<std::string> heading_lines;
  size_t width = 0;

  void Measure() {
    width = 0;
    for (const auto* texts : {&heading_lines, &cells}) {
      for (const std::string& text : *texts) width = std::max(width, WidthOf(text));
    }
  }
};

size_t WidthOfRow(const std::vector<ShownColumn>& columns) {
  size_t total = columns.empty() ? 0 : (columns.size() - 1) * kGapWidth;
  for (const ShownColumn& column : columns) total += column.width;
  return total;
}

// Takes columns of the terminal from the widest text of the unit, again and again, until the rows
// fit or nothing can be taken any more.
void Narrow(std::vector<ShownColumn>& columns, Unit unit, size_t narrowest, size_t most) {
  for (size_t total = WidthOfRow(columns); total > most; --total) {
    ShownColumn* widest = nullptr;
    for (ShownColumn& column : columns) {
      if (column.unit != unit || column.number || column.width <= narrowest) continue;
      if (widest == nullptr || column.width > widest->width) widest = &column;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

// Makes the rows fit; see the steps in the header. `told` gets the headings of columns that are left
// out. False when they do not fit whatever gives way.
bool MakeFit(std::vector<ShownColumn>& columns, size_t most, std::vector<std::string>& told) {
  const auto fits = [&] { return WidthOfRow(columns) <= most; };
  if (fits()) return true;
  for (ShownColumn& column : columns) {
    if (column.unit == Unit::kTime) column.cells = column.ages;
    column.Measure();
  }
  if (fits()) return true;
  for (ShownColumn& column : columns) {
    column.heading_lines = absl::StrSplit(column.heading, ' ');
    column.Measure();
  }
  if (fits()) return true;
  for (const ShownColumn& column : columns) {
    if (column.zeros) told.push_back(absl::AsciiStrToLower(column.heading));
  }
  columns.erase(std::remove_if(columns.begin(), columns.end(),
                               [](const ShownColumn& column) { return column.zeros; }),
                columns.end());
  Narrow(columns, Unit::kProse, kNarrowestProse, most);
  Narrow(columns, Unit::kText, kNarrowestText, most);
  return fits();
}

// The age of a time; other text ("never") as it is.
std::string AgeOf(const std::string& utc, const TableStyle& style) {
  absl::Time time;
  std::string ignored;
  if (utc.empty()) return "-";
  if (!absl::ParseTime(absl::RFC3339_full, utc, &time, &ignored)) return Printable(utc);
  return AgeText(style.now - time);
}

// The lines of a value that begins in the column `indent`.
std::vector<std::string> LinesOfDetail(const std::string& text, size_t indent,
                                       const TableStyle& style) {
  const size_t width = static_cast<size_t>(style.width);
  size_t longest = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    longest = std::max(longest, WidthOf(word));
  }
  if (style.width <= 0 || indent + std::max(longest, kNarrowestProse) > width) return {text};
  return Wrap(text, width - indent);
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
  Table upright;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].show == Show::kDetails) continue;
    upright.columns.push_back(table.columns[i]);
    ShownColumn column{.heading = Heading(table.columns[i].name),
                       .unit = table.columns[i].unit,
                       .number = !table.rows.empty(),
                       .zeros = !table.rows.empty()};
    column.heading_lines = {column.heading};
    bool any = false;
    for (const auto& row : table.rows) {
      if (!row[i].empty() && !IsNumber(row[i])) column.number = false;
      any = any || !row[i].empty();
      column.zeros = column.zeros && row[i] == "0";
      column.cells.push_back(row[i].empty() ? "-" : CellText(table.columns[i], row[i], style));
      if (column.unit == Unit::kTime) column.ages.push_back(AgeOf(row[i], style));
    }
    column.number = column.number && any;
    column.Measure();
    shown.push_back(std::move(column));
  }
  std::vector<std::string> told;
  if (style.width > 0 && !MakeFit(shown, static_cast<size_t>(style.width), told)) {
    for (const auto& row : table.rows) {
      std::vector<std::string>& cells = upright.rows.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) {
        if (table.columns[i].show != Show::kDetails) cells.push_back(row[i]);
      }
    }
    WriteDetails(upright, style, out);
    return;
  }
  // `lines_of` a column, each row of the table as high as its highest cell.
  const auto write_row = [&](const auto& lines_of, const auto& tint_of) {
    std::vector<std::vector<std::string>> cells;
    size_t height = 1;
    for (const ShownColumn& column : shown) {
      cells.push_back(lines_of(column));
      height = std::max(height, cells.back().size());
    }
    for (size_t l = 0; l < height; ++l) {
      std::string line;
      for (size_t i = 0; i < shown.size(); ++i) {
        const std::string text = l < cells[i].size() ? cells[i][l] : "";
        const std::string padding(shown[i].width - std::min(WidthOf(text), shown[i].width), ' ');
        const char* tint = style.color && !text.empty() ? tint_of(shown[i]) : nullptr;
        const bool last = i + 1 == shown.size();
        absl::StrAppend(&line, shown[i].number ? padding : "", Colored(text, tint),
                        shown[i].number || last ? "" : padding, last ? "" : kGap);
      }
      out << absl::StripTrailingAsciiWhitespace(line) << "\n";
    }
  };
  write_row([](const ShownColumn& column) { return column.heading_lines; },
            [](const ShownColumn&) { return kBold; });
  for (size_t r = 0; r < table.rows.size(); ++r) {
    write_row(
        [r](const ShownColumn& column) {
          const std::string& text = column.cells[r];
          return WidthOf(text) <= column.width ? std::vector<std::string>{text}
                                               : Wrap(text, column.width);
        },
        [r](const ShownColumn& column) { return ColorOf(column.cells[r]); });
  }
  if (!told.empty()) out << "0 everywhere: " << absl::StrJoin(told, ", ") << "\n";
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
      out << name << ":" << std::string(width - name.size() + 1, ' ');
      const std::vector<std::string> lines = LinesOfDetail(text, width + 2, style);
      for (size_t l = 0; l < lines.size(); ++l) {
        out << (l == 0 ? "" : std::string(width + 2, ' '))
            << Colored(lines[l], style.color ? ColorOf(text) : nullptr) << "\n";
      }
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
