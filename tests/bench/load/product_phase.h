// The product phase: the real orchestrator in a process of its own with its own data directory, and
// real worker code here.
#ifndef MUSTER_TESTS_BENCH_LOAD_PRODUCT_PHASE_H_
#define MUSTER_TESTS_BENCH_LOAD_PRODUCT_PHASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/load/bare_phase.h"
#include "tests/bench/load/measures.h"

namespace muster::bench {

// `orchestrator` is the path of muster-orchestrator; `folder` is an empty one that may be filled.
absl::StatusOr<Measures> RunProductPhase(const Load& load, const std::string& orchestrator,
                                         const std::string& folder);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_PRODUCT_PHASE_H_
