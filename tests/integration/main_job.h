// The main job with everything real but Certify: an orchestrator (in this process or another), the
// product's workers, and doubles of hub and local services over HTTP.
#ifndef MUSTER_TESTS_INTEGRATION_MAIN_JOB_H_
#define MUSTER_TESTS_INTEGRATION_MAIN_JOB_H_

#include <memory>
#include <string>
#include <vector>

#include "muster/admin/v1/hub.grpc.pb.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "muster/admin/v1/verification.grpc.pb.h"
#include "tests/doubles/hub/hub_double.h"
#include "tests/doubles/service/service_fleet.h"
#include "tests/doubles/workers/worker_fleet.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {

inline constexpr char kJoinSecret[] = "join-secret-canary";

class MainJob {
 public:
  // A hub and `servers` local services, named srv-01 and so on.
  explicit MainJob(int servers);
  ~MainJob();

  app::TestOrchestrator& orchestrator() { return orchestrator_; }
  doubles::HubDouble& hub() { return *hub_; }
  doubles::ServiceFleet& services() { return *services_; }
  const std::vector<std::string>& names() const { return names_; }

  // Zone, inventory and one token for all; then the first `workers` servers' workers, enrolled and
  // dialing.
  void Prepare(int workers);
  void StopWorkers() { workers_.reset(); }
  void StartWorkers(int workers);

  absl::StatusOr<muster::admin::v1::Rollout> TryJoin(absl::Duration deadline = absl::Hours(1));
  // As TryJoin; an error fails the test.
  muster::admin::v1::Rollout CreateJoin(absl::Duration deadline = absl::Hours(1));
  // Follows it over lost connections until its final state.
  muster::admin::v1::Rollout AwaitEnd(const std::string& rollout_id);
  muster::admin::v1::Report Report();
  // What is known of the one zone's hub, and a look at it.
  muster::admin::v1::Hub Hub();
  muster::admin::v1::CheckHubResponse CheckHub();
  // Records that the hub made for servers: one each when nothing was joined twice.
  int64_t RecordsOnHub();
  // Files below the data directories of orchestrator and workers that hold the joining secret.
  std::vector<std::string> FilesWithTheSecret();

 private:
  app::TestOrchestrator orchestrator_;
  std::string folder_;
  std::vector<std::string> names_;
  std::unique_ptr<doubles::HubDouble> hub_;
  std::unique_ptr<doubles::ServiceFleet> services_;
  std::unique_ptr<doubles::WorkerFleet> workers_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_MAIN_JOB_H_
