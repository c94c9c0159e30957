// What the orchestrator found out about itself, as figures.
#ifndef MUSTER_ORCHESTRATOR_METRICS_SYSTEM_FIGURES_H_
#define MUSTER_ORCHESTRATOR_METRICS_SYSTEM_FIGURES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "orchestrator/api/system_facts.h"
#include "orchestrator/metrics/families.h"
#include "store/interface/store.h"

namespace muster::metrics {

// What no check looks at.
struct ProcessFacts {
  std::string version;
  absl::Time start_time;
  int64_t resident_bytes = 0;             // 0: not known; as below.
  std::optional<int64_t> database_bytes;  // None: not known.
  std::optional<int64_t> log_bytes;
  absl::Time authority_end;
  absl::Time listeners_end;
};

void AddSystem(Families& families, const api::SystemReport& report, const store::StoreHealth& store,
               const ProcessFacts& process);

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_SYSTEM_FIGURES_H_
