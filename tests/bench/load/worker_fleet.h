// Many workers in this process: the worker's real bootstrap, session, command runner and join
// handler, each worker with a TLS connection of its own. What is not real: the journal is in
// memory, the Certify service is StubServiceDriver, and `probe` answers with facts that are ready.
#ifndef MUSTER_TESTS_BENCH_LOAD_WORKER_FLEET_H_
#define MUSTER_TESTS_BENCH_LOAD_WORKER_FLEET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::bench {

class WorkerFleet {
 public:
  // `hub` outlives the fleet; `lock_folder` takes a lock file for each worker.
  static std::unique_ptr<WorkerFleet> Create(doubles::HubDouble& hub,
                                             const std::string& lock_folder);
  // Ends all sessions and waits for them.
  virtual ~WorkerFleet() = default;

  // Makes `count` workers with one token, `at_once` calls at a time. Returns how long that took.
  virtual absl::StatusOr<absl::Duration> Bootstrap(const std::string& token_file, int count,
                                                   int at_once) = 0;
  // Opens the sessions of the first `count`, `at_once` under way at a time, and waits for every
  // Welcome.
  virtual absl::StatusOr<absl::Duration> Connect(int count, int at_once) = 0;
  // Ends them.
  virtual void Disconnect() = 0;
  // Sessions that were open and are not any more.
  virtual int lost() const = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_WORKER_FLEET_H_
