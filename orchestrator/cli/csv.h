// Comma separated values as RFC 4180 has them and as Windows' tools write them, read whole, with
// the line of every record.
#ifndef MUSTER_ORCHESTRATOR_CLI_CSV_H_
#define MUSTER_ORCHESTRATOR_CLI_CSV_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::cli {

struct CsvRecord {
  int line = 1;  // Where the record begins; a quoted field may span lines.
  std::vector<std::string> fields;
};

struct CsvProblem {
  int line;
  std::string reason;
};

struct CsvText {
  std::vector<CsvRecord> records;
  std::vector<CsvProblem> problems;
};

// Fields are separated by commas, semicolons, tabs or '|': by what the header has most of, or what a
// first line "sep=;" names. PowerShell's first line "#TYPE …" is skipped, and so are empty lines
// and those with nothing but separators and blanks. A field that holds the separator, a quote or a
// line break stands in double quotes, a quote inside is doubled. Lines end with LF, CRLF or CR
// (spreadsheets still offer the old Macintosh form). A record that breaks the rules is left out and
// named in `problems`; reading goes on at its next line. The encoding is DecodeText's
// (text_encoding.h); when it is not understood that is the one problem, and there are no records.
CsvText ParseCsv(absl::string_view content);

// What a cell of WriteCsv (table.h) held: without the apostrophe that keeps a spreadsheet from
// running it as a formula.
absl::string_view UnguardedCell(absl::string_view cell);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CSV_H_
