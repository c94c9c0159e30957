// Many workers in one process: the product's own worker code, each with its identity, journal and
// session, without a process each. What `muster-sim workers` runs, so that a demo or a test on one
// machine can have hundreds of servers.
#ifndef MUSTER_TESTS_DOUBLES_WORKERS_WORKER_FLEET_H_
#define MUSTER_TESTS_DOUBLES_WORKERS_WORKER_FLEET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/app/runtime.h"
#include "worker/app/worker.h"

namespace muster::doubles {

struct FleetMember {
  std::string name;        // Of the server in the inventory; the machine's name as well.
  std::string token_file;  // Bootstrap token of its zone.
  std::string app_data;    // Folder of its local service.
};

struct WorkerFleetOptions {
  std::vector<FleetMember> members;
  std::string data_root;  // One data directory a worker: <data_root>/<name>.
  int blocking_threads = 16;
  absl::Duration join_timeout = absl::Seconds(300);
};

// A list as `muster-sim workers --list` reads it: one member a line, name, token file and app data
// folder, separated by tabs or blanks; empty lines and lines that begin with # are skipped.
absl::StatusOr<std::vector<FleetMember>> ParseFleetList(const std::string& text);

class WorkerFleet {
 public:
  // Enrolls who is not enrolled yet, then starts all sessions. Blocks for the bootstrap calls. The
  // first error ends it and names the worker.
  static absl::StatusOr<std::unique_ptr<WorkerFleet>> Start(const WorkerFleetOptions& options);
  ~WorkerFleet();

  size_t size() const { return workers_.size(); }

 private:
  explicit WorkerFleet(const WorkerFleetOptions& options);
  absl::Status Add(const FleetMember& member, const WorkerFleetOptions& options);

  worker::Runtime runtime_;
  std::vector<std::unique_ptr<worker::Worker>> workers_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_WORKERS_WORKER_FLEET_H_
