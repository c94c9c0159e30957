// The orchestrator's program in a process of its own, with its folder, which outlives the process.
#ifndef MUSTER_TESTS_BENCH_LOAD_ORCHESTRATOR_PROCESS_H_
#define MUSTER_TESTS_BENCH_LOAD_ORCHESTRATOR_PROCESS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/bench/load/admin_client.h"
#include "tests/bench/load/process.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::bench {

// A hub without limits, whose instances stay connected.
absl::StatusOr<std::unique_ptr<doubles::HubDouble>> StartBenchHub();

class OrchestratorProcess {
 public:
  struct Ports {
    int session = 0;  // The same after a restart: workers remember it.
    int bootstrap = 0;
    int admin = 0;
  };

  // `program` is the path of muster-orchestrator; `folder` is an empty one that may be filled.
  OrchestratorProcess(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  absl::Status Init();
  // With this soft limit of open files; 0: as it is here.
  absl::Status Serve(int soft_file_limit = 0);
  void Stop() { process_.reset(); }
  // One zone of this hub, with so many servers.
  absl::Status MakeFleet(doubles::HubDouble& hub, int servers);
  // A rollout of this kind over all servers; an error unless every one of `targets` succeeds.
  absl::StatusOr<RolloutOutcome> RunWhole(const std::string& kind, int targets);

  const ChildProcess& process() const { return *process_; }
  AdminClient& admin() { return *admin_; }
  const Ports& ports() const { return ports_; }

 private:
  std::string DataDir() const { return folder_ + "/data"; }
  std::string LogPath() const { return folder_ + "/orchestrator.log"; }
  // Waits for the file that `serve` writes once it listens.
  absl::StatusOr<Ports> AwaitPorts(const std::string& port_file);

  const std::string program_;
  const std::string folder_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<AdminClient> admin_;
  Ports ports_;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_ORCHESTRATOR_PROCESS_H_
