// Why a server is where it is: its history in order of time and one sentence on top. Pure over a
// snapshot; call it on the blocking pool.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_EXPLAIN_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_EXPLAIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "store/interface/walled_snapshot.h"
#include "store/model/server.h"

namespace muster::core {

struct Explanation {
  enum class Source { kAudit, kAttempt, kHub, kWorker };
  struct Entry {
    absl::Time time;
    Source source = Source::kAudit;
    std::string text;
  };
  store::Server server;
  std::string summary;         // Where it stands and what to do next.
  std::vector<Entry> entries;  // Oldest first, at most 200 of each source.
};

// E-INVENTORY-SERVER when there is no such server inside the wall.
absl::StatusOr<Explanation> ExplainServer(const store::WalledSnapshot& snapshot,
                                          const ServerId& server, absl::Time now);

// One sentence: "web-1 is enrolled: the hub's list confirmed it at …".
std::string SummaryOf(const store::Server& server, absl::Time now);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_EXPLAIN_H_
