// servers.csv: the inventory as operators keep it.
//
//   tenant,zone,name,label:site,labels
//   acme,prod,WEB-01,berlin,role=web;tier=1
//
// The first line names the columns, in any order: tenant, zone and name are required; a zone may be
// written tenant/zone, then the column tenant may be missing. Each column label:KEY is one label;
// the column labels holds any number as KEY=VALUE;KEY=VALUE. An empty cell is no label. Spaces
// around a cell are dropped. What 'muster server list -o csv' writes is such a file too: with a
// column server_id, columns that are not known are left out.
#ifndef MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_
#define MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_

#include <string>
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

// The cell of the column labels, as ParseServerFile reads it back: "role=web;tier=1", with a
// backslash before a ';' or a backslash of a value.
std::string LabelsCell(const google::protobuf::Map<std::string, std::string>& labels);

// Reads the whole file. A server that is named twice (names are compared without case) is a problem
// of the second row.
ServerFile ParseServerFile(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SERVER_FILE_H_
