// The table of failure codes as people read it: one page, and one code.
#ifndef MUSTER_ORCHESTRATOR_CLI_CODES_H_
#define MUSTER_ORCHESTRATOR_CLI_CODES_H_

#include <span>
#include <string>
#include <vector>

#include "base/failure.h"
#include "orchestrator/cli/table.h"

namespace muster::cli {

// "E-JOIN-ELSEWHERE": "JOIN".
std::string AreaOf(const FailureInfo& info);
// What the codes of an area are about, as a heading; empty for one that is not known.
std::string TitleOfArea(absl::string_view area);
// One row for each.
Table CodeTable(const std::vector<FailureInfo>& codes);
// docs/codes.md: every code with an anchor of its own ("#e-join-elsewhere"), by area, in the order
// of the table.
std::string CodesPage(std::span<const FailureInfo> codes);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CODES_H_
