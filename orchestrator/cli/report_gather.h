// Asks the orchestrator for all that the report's page shows.
#ifndef MUSTER_ORCHESTRATOR_CLI_REPORT_GATHER_H_
#define MUSTER_ORCHESTRATOR_CLI_REPORT_GATHER_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/report_page.h"

namespace muster::cli {

// Of the place of the selection (tenant or zone), from `from` to `now`. Blocks for several calls.
absl::StatusOr<ReportPageInput> GatherReportPage(Client& client, const v1::Selection& place,
                                                 absl::Time from, absl::Time now);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_REPORT_GATHER_H_
