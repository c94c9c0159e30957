#include "orchestrator/cli/table.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

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
      {"failed", kRed},       {"in_doubt", kRed},
      {"degraded", kRed},     {"aborted", kRed},
      {"problem", kRed},      {"locked", kRed},
      {"banned", kRed},       {"quarantined", kRed},
  };
  const auto it = colors->find(word);
  return it == colors->end() ? nullptr : it->second;
}

// What servers and hubs say is shown, never obeyed: no escape sequence reaches the terminal.
std::string Printable(absl::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (absl::ascii_iscntrl(c)) c = c == '\n' || c == '\t' ? ' ' : '?';
  }
  return out;
}

// Columns that the text takes: code points, which is right for nearly all names.
size_t WidthOf(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Heading(absl::string_view name) {
  return absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"_", " "}});
}

bool IsNumber(absl::string_view text) {
  double ignored;
  return absl::SimpleAtod(text, &ignored);
}

std::string Colored(absl::string_view text, const char* color) {
  return color == nullptr ? std::string(text) : absl::StrCat(color, text, kReset);
}

std::string CsvCell(absl::string_view text) {
  std::string cell(text);
  if (!cell.empty() &&
      (absl::StrContains("=+@\t\r", cell[0]) || (cell[0] == '-' && !IsNumber(cell)))) {
    cell.insert(0, 1, '\'');
  }
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

}  // namespace

void WriteTable(const Table& table, bool color, std::ostream& out) {
  struct Shown {
    size_t index;
    size_t width;
    bool number;
  };
  std::vector<Shown> shown;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].show == Show::kDetails) continue;
    Shown column{i, table.columns[i].name.size(), !table.rows.empty()};
    for (const auto& row : table.rows) {
      column.width = std::max(column.width, WidthOf(row[i]));
      if (!row[i].empty() && !IsNumber(row[i])) column.number = false;
    }
    shown.push_back(column);
  }
  const auto write_line = [&](const auto& text_of, bool heading) {
    std::string line;
    for (const Shown& column : shown) {
      const std::string text = Printable(text_of(column.index));
      const std::string padding(column.width - WidthOf(text), ' ');
      const char* tint = !color ? nullptr : heading ? kBold : ColorOf(text);
      absl::StrAppend(&line, column.number ? padding : "", Colored(text, tint),
                      column.number || column.index == shown.back().index ? "" : padding,
                      column.index == shown.back().index ? "" : "  ");
    }
    out << line << "\n";
  };
  write_line([&](size_t i) { return Heading(table.columns[i].name); }, true);
  for (const auto& row : table.rows) {
    write_line([&](size_t i) { return row[i].empty() ? std::string("-") : row[i]; }, false);
  }
}

void WriteDetails(const Table& table, bool color, std::ostream& out) {
  size_t width = 0;
  for (const Column& column : table.columns) width = std::max(width, column.name.size());
  for (size_t r = 0; r < table.rows.size(); ++r) {
    if (r > 0) out << "\n";
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const std::string text = Printable(table.rows[r][i]);
      if (text.empty()) continue;
      const std::string name = absl::StrReplaceAll(table.columns[i].name, {{"_", " "}});
      out << name << ":" << std::string(width - name.size() + 1, ' ')
          << Colored(text, color ? ColorOf(text) : nullptr) << "\n";
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
