// Rows of text under named columns, declared once per noun, written as a table for people or as CSV
// for programs.
#ifndef MUSTER_ORCHESTRATOR_CLI_TABLE_H_
#define MUSTER_ORCHESTRATOR_CLI_TABLE_H_

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace muster::cli {

enum class Show {
  kAlways,
  kDetails,  // In CSV and in the details of one thing, not in the table of many.
};

enum class Unit {
  kText,
  kName,   // What is typed again: names, ids, codes. In a table it stays in one piece.
  kProse,  // Sentences, which give way to all others.
  kTime,   // "2026-07-18T09:00:00Z"; on a terminal in its own time zone, with its age.
};

struct Column {
  std::string name;  // Snake case, as in CSV; a table shows it in capitals with spaces.
  Show show = Show::kAlways;
  Unit unit = Unit::kText;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // One cell for each column.
};

// How a column's cell is made from a T.
template <typename T>
struct Field {
  const char* name;
  Show show;
  std::string (*text)(const T&);
  Unit unit = Unit::kText;
};

template <typename T, size_t N, typename Items>
Table MakeTable(const Field<T> (&fields)[N], const Items& items) {
  Table table;
  for (const Field<T>& field : fields) {
    table.columns.push_back({field.name, field.show, field.unit});
  }
  for (const T& item : items) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const Field<T>& field : fields) row.push_back(field.text(item));
  }
  return table;
}

// A table of one row.
template <typename T, size_t N>
Table MakeRow(const Field<T> (&fields)[N], const T& item) {
  return MakeTable(fields, std::vector<T>{item});
}

// How tables look to the one who reads them. The defaults are those of a pipe: everything is there.
struct TableStyle {
  bool color = false;  // Words that name a state are colored.
  int width = 0;       // Columns of the terminal, see WriteTable; 0: no limit.
  // Times in this zone and with their age; none: as they are, in UTC.
  std::optional<absl::TimeZone> zone;
  absl::Time now;  // For ages.
};

// Aligned columns under a heading, numbers to the right, empty cells as "-", and nothing that a
// terminal would obey (printable.h). Nothing is ever cut. Where rows do not fit, they give way in
// this order, as far as needed:
//
//   1 times         their age alone, "4 min ago"
//   2 headings      of several words stand in several lines
//   3 numbers       columns of zeros alone are told below the table
//   4 sentences     broken into lines, then other texts
//   5 the table     each row stands upright, as WriteDetails does it
void WriteTable(const Table& table, const TableStyle& style, std::ostream& out);
// Each row as lines "name: value", empty cells left out, a blank line between rows. Values are
// broken at spaces; long words, which are there to be copied, are left to the terminal.
void WriteDetails(const Table& table, const TableStyle& style, std::ostream& out);
// "2026-07-18 11:00:00 CEST, 4 min ago" in the zone of the style; `utc` itself without one, and
// when it is no time.
std::string TimeText(const std::string& utc, const TableStyle& style);
// "now", "4 min ago", "in 3 h", "12 d ago": the largest whole unit.
std::string AgeText(absl::Duration age);
// RFC 4180 with LF line ends and a header. A cell that a spreadsheet would take for a formula
// (it begins with =, +, @, a tab, or a minus that begins no number) gets an apostrophe in front.
// Characters that are not for the eye stand as \uXXXX.
void WriteCsv(const Table& table, std::ostream& out);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_TABLE_H_
