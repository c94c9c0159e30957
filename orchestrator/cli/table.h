// Rows of text under named columns, declared once per noun, written as a table for people or as CSV
// for programs.
#ifndef MUSTER_ORCHESTRATOR_CLI_TABLE_H_
#define MUSTER_ORCHESTRATOR_CLI_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace muster::cli {

enum class Show {
  kAlways,
  kDetails,  // In CSV and in the details of one thing, not in the table of many.
};

struct Column {
  std::string name;  // Snake case, as in CSV; a table shows it in capitals with spaces.
  Show show = Show::kAlways;
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
};

template <typename T, size_t N, typename Items>
Table MakeTable(const Field<T> (&fields)[N], const Items& items) {
  Table table;
  for (const Field<T>& field : fields) table.columns.push_back({field.name, field.show});
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

// Aligned columns under a heading, numbers to the right, empty cells as "-", control characters as
// "?". With `color`, words that name a state are colored.
void WriteTable(const Table& table, bool color, std::ostream& out);
// Each row as lines "name: value", empty cells left out, a blank line between rows.
void WriteDetails(const Table& table, bool color, std::ostream& out);
// RFC 4180 with LF line ends and a header. A cell that a spreadsheet would take for a formula
// (it begins with =, +, @, a tab, or a minus that begins no number) gets an apostrophe in front.
void WriteCsv(const Table& table, std::ostream& out);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_TABLE_H_
