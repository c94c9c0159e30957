// The bare phase: a server without a product in a process of its own, and its clients here.
#ifndef MUSTER_TESTS_BENCH_LOAD_BARE_PHASE_H_
#define MUSTER_TESTS_BENCH_LOAD_BARE_PHASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/load/measures.h"

namespace muster::bench {

struct Load {
  int workers = 0;
  int commands_per_worker = 0;
  int at_once = 0;  // Workers that bootstrap or connect at the same time.
};

// `self` is this program, which is started again as the server; `folder` is an empty one that may
// be filled.
absl::StatusOr<Measures> RunBarePhase(const Load& load, const std::string& self,
                                      const std::string& folder);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_BARE_PHASE_H_
