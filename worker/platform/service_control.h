// Restarts the local Certify service: the only way to make it leave another hub (certify.md 3.4).
#ifndef MUSTER_WORKER_PLATFORM_SERVICE_CONTROL_H_
#define MUSTER_WORKER_PLATFORM_SERVICE_CONTROL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "worker/platform/process.h"

namespace muster::worker {

// Thread-safe.
class ServiceControl {
 public:
  virtual ~ServiceControl() = default;
  // Blocks until the service manager reports that the service runs again; that its API answers is
  // for the caller to await.
  virtual absl::Status Restart() = 0;
  // Names the present run of the service: another text after each start. Empty when the service
  // manager does not tell. Blocks for seconds at most.
  virtual std::string RunId() = 0;
};

// The system's service manager (Linux: systemctl). `runner` outlives the result.
std::unique_ptr<ServiceControl> SystemServiceControl(ProcessRunner& runner, std::string unit);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_SERVICE_CONTROL_H_
