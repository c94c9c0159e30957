// servers.csv: the inventory as operators keep it.
//
//   tenant,zone,name,label:site,labels
//   acme,prod,WEB-01,berlin,role=web;tier=1
//
// The first line names the columns, in any order: tenant, zone and name are required. Each column
// label:KEY is one label; the column labels holds any number as KEY=VALUE;KEY=VALUE. An empty cell
// is no label. Spaces around a cell are dropped.
#ifndef MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_
#define MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "muster/admin/v1/inventory.pb.h"

namespace muster::cli {

struct ServerFile {
  std::vector<admin::v1::ServerRow> rows;       // The good ones.
  std::vector<admin::v1::RowProblem> problems;  // Every bad row with its reason, by line.
  int bad_rows = 0;                             // How many rows `problems` speaks of.
  // The header itself is wrong: no row could be read, `problems` says why.
  bool header_is_bad = false;
};

// Reads the whole file. A server that is named twice (names are compared without case) is a problem
// of the second row.
ServerFile ParseServerFile(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_
