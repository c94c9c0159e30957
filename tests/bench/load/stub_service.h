// A local Certify service that is nothing but its state: a join is one entry in the hub double's
// table, in this process and without HTTP, so that neither the double's join route nor its rate
// limit is what a benchmark measures. The orchestrator reads the hub's list over real HTTP.
#ifndef MUSTER_TESTS_BENCH_LOAD_STUB_SERVICE_H_
#define MUSTER_TESTS_BENCH_LOAD_STUB_SERVICE_H_

#include <string>

#include "tests/doubles/hub/hub_double.h"
#include "worker/platform/service_control.h"
#include "worker/service/driver.h"

namespace muster::bench {

class StubServiceDriver final : public worker::ServiceDriver {
 public:
  // `hub` outlives the driver.
  StubServiceDriver(doubles::HubDouble& hub, std::string machine_name);

  worker::Survey TakeSurvey() override;
  absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() override { return facts_; }
  absl::StatusOr<bool> IsHubConnected() override { return facts_.hub_connected(); }
  worker::JoinAnswer Join(const worker::JoinCall& call) override;

 private:
  doubles::HubDouble& hub_;
  const std::string machine_name_;
  types::v1::ServiceFacts facts_;
};

// There is nothing to restart.
class StubServiceControl final : public worker::ServiceControl {
 public:
  absl::Status Restart() override { return absl::OkStatus(); }
  std::string RunId() override { return ""; }
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_STUB_SERVICE_H_
