// Comma separated values as RFC 4180 has them, read whole, with the line of every record.
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

// Fields are separated by commas; one that holds a comma, a quote or a line break stands in double
// quotes, a quote inside is doubled. Lines end with LF, CRLF or CR (spreadsheets still offer the
// old Macintosh form). A byte order mark is dropped, empty lines are skipped. A record that breaks
// the rules, or is not UTF-8, is left out and named in `problems`; reading goes on at its next
// line.
CsvText ParseCsv(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CSV_H_
