// The worker as a service of its system where programs register themselves (Windows). Elsewhere a
// package brings the service's description (deploy/systemd), and there is nothing here.
//
//   install ──► registered: delayed automatic start, restart on failure, LocalSystem
//   start ──► the service control manager runs "muster-worker service run" ──► RunAsService
//   stop  ──► as SIGTERM elsewhere (base/platform/signals.h)
#ifndef MUSTER_WORKER_PLATFORM_SERVICE_HOST_H_
#define MUSTER_WORKER_PLATFORM_SERVICE_HOST_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::worker {

class ServiceHost {
 public:
  virtual ~ServiceHost() = default;
  // Registers this program with `arguments` behind "service run", or changes what is registered;
  // without arguments those that are registered stay. PermissionDenied without an administrator's rights.
  virtual absl::Status Install(const std::vector<std::string>& arguments) = 0;
  // Stops it and takes it away. OK when there is none.
  virtual absl::Status Uninstall() = 0;
  // Block until it runs, or has ended; OK when that is so already. FailedPrecondition with the exit
  // code when it ends at once; NotFound when it is not installed.
  virtual absl::Status Start() = 0;
  virtual absl::Status Stop() = 0;
  // "running", "stopped", "not installed", …
  virtual absl::StatusOr<std::string> State() = 0;
  // Called by the process that the service control manager has started: runs `run`, whose result is
  // the exit code, and returns it. Standard error is a file below `log_directory`, the one before
  // beside it; lines of warnings and errors stand in the system's event log as well. Unavailable
  // when nobody has started it so.
  virtual absl::StatusOr<int> RunAsService(const std::string& log_directory,
                                           const std::function<int()>& run) = 0;
};

// Null where there is none.
std::unique_ptr<ServiceHost> SystemServiceHost();

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_SERVICE_HOST_H_
