// The report in an evidence pack: the same tables as CSV, as JSON, and as a page that prints.
#ifndef MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TABLES_H_
#define MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TABLES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::evidence {

struct PackTable {
  std::string name;   // "coverage": of its CSV file, and in the JSON.
  std::string title;  // On the page.
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

// With a header. What a spreadsheet would run as a formula has an apostrophe in front.
std::string CsvOf(const PackTable& table);
// An object of lists of objects.
std::string JsonOf(const std::vector<PackTable>& tables);
// No script, nothing from elsewhere; `about` stands above the tables, a paragraph a line.
std::string PageOf(absl::string_view title, const std::vector<std::string>& about,
                   const std::vector<PackTable>& tables);

}  // namespace muster::evidence

#endif  // MUSTER_ORCHESTRATOR_EVIDENCE_PACK_TABLES_H_
