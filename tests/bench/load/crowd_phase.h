// A crowd before a process with few descriptors: honest workers, who must all come in and stay, and
// connections that say nothing, which must keep nobody out.
#ifndef MUSTER_TESTS_BENCH_LOAD_CROWD_PHASE_H_
#define MUSTER_TESTS_BENCH_LOAD_CROWD_PHASE_H_

#include <string>

#include "absl/status/statusor.h"

namespace muster::bench {

struct Crowd {
  int workers = 1200;
  int soft_file_limit = 1024;  // What the orchestrator is started with.
  int silent = 2000;           // Connections to each of the three listeners.
  int at_once = 256;           // Workers under way at a time.
};

// What was seen, as lines for people. An error when a worker did not come in, was lost, or did not
// answer. `program` and `folder` as OrchestratorProcess.
absl::StatusOr<std::string> RunCrowdPhase(const Crowd& crowd, const std::string& program,
                                          const std::string& folder);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_CROWD_PHASE_H_
