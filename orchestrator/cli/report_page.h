// The report of a tenant as one page that a browser shows and prints: no script, no file beside it,
// nothing that is loaded from elsewhere.
#ifndef MUSTER_ORCHESTRATOR_CLI_REPORT_PAGE_H_
#define MUSTER_ORCHESTRATOR_CLI_REPORT_PAGE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/admin/v1/finding.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/verification.pb.h"
#include "orchestrator/cli/plots.h"

namespace muster::cli {

namespace v1 = admin::v1;

// What the orchestrator answered, and nothing else: the page adds up, but knows nothing of its own.
struct ReportPageInput {
  std::string about;  // "acme", "acme/prod" or "all tenants".
  absl::Time from;
  absl::Time to;  // Now.
  v1::Report report;
  std::vector<v1::Zone> zones;
  std::vector<v1::Finding> findings;  // The unresolved ones.
  int64_t resolved = 0;               // Findings that were resolved in the period.
  std::vector<v1::Sweep> sweeps;      // Newest first; of the period, and the last before it.
  std::vector<v1::Rollout> rollouts;  // Created in the period, newest first.
  std::vector<absl::Duration> waits;  // Of proven targets, since their rollout was created.
  std::vector<absl::Time> arrivals;   // When servers came into the inventory.
};

// How much of the zones was proven at each time: what their sweeps confirmed last, beside the
// servers that the zones had then. Older times first.
std::vector<Share> CoverageOverTime(const std::vector<v1::Sweep>& sweeps);

std::string ReportPage(const ReportPageInput& input);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_REPORT_PAGE_H_
