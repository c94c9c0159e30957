// The commands "muster-worker service …", on systems where programs register themselves as services
// (worker/platform/service_host.h). Wires, prints, and turns errors into exit codes.
#ifndef MUSTER_WORKER_APP_SERVICE_COMMANDS_H_
#define MUSTER_WORKER_APP_SERVICE_COMMANDS_H_

#include <string>
#include <vector>

#include "worker/app/commands.h"
#include "worker/platform/service_host.h"

namespace muster::worker {

// `flags` are those of run, which the service starts with.
int InstallService(ServiceHost& host, const std::vector<std::string>& flags);
// "uninstall", "start", "stop" or "status".
int ControlService(ServiceHost& host, const std::string& command);
// Run, as the service manager has started it. Its log is below the data directory.
int RunService(ServiceHost& host, const RunFlags& flags);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_SERVICE_COMMANDS_H_
