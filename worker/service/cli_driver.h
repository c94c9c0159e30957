// The driver over `certify hub join` (certify.md 2): for services that publish a named pipe only,
// and only where the zone allows it, because the secret stands in the process list while it runs.
#ifndef MUSTER_WORKER_SERVICE_CLI_DRIVER_H_
#define MUSTER_WORKER_SERVICE_CLI_DRIVER_H_

#include <string>

#include "absl/time/time.h"
#include "worker/platform/process.h"
#include "worker/platform/service_trust.h"
#include "worker/service/driver.h"

namespace muster::worker {

struct CliDriverOptions {
  std::string program;  // Full path of certify.
  std::string app_data_folder;
  bool named_pipe = true;
  absl::Duration join_timeout = absl::Seconds(300);
};

// Surveys read files only; whether the service is connected is not known here (Unimplemented).
class CliServiceDriver final : public ServiceDriver {
 public:
  // `runner` and `trust` outlive the driver.
  CliServiceDriver(ProcessRunner& runner, ServiceTrust& trust, CliDriverOptions options)
      : runner_(runner), trust_(trust), options_(std::move(options)) {}

  Survey TakeSurvey() override;
  absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() override;
  absl::StatusOr<bool> IsHubConnected() override;
  JoinAnswer Join(const JoinCall& call) override;

 private:
  ProcessRunner& runner_;
  ServiceTrust& trust_;
  const CliDriverOptions options_;
};

// What the command printed: "Joined Hub OK", the service's message, or that there is no service.
// The exit code of a failed join is 0 (certify.md 2), so the text alone decides.
JoinAnswer ParseCliOutput(absl::string_view output, int exit_code, const JoinCall& call);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_CLI_DRIVER_H_
