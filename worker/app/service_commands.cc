#include "worker/app/service_commands.h"

#include <iostream>

#include "worker/platform/machine.h"

namespace muster::worker {
namespace {

int FailedService(const absl::Status& status) {
  std::cerr << "muster-worker: " << status.message() << "\n";
  return kExitStartFailed;
}

}  // namespace

int InstallService(ServiceHost& host, const std::vector<std::string>& flags) {
  if (const absl::Status status = host.Install(flags); !status.ok()) return FailedService(status);
  std::cout << "The service is installed and starts with this machine.\n"
               "Next: muster-worker enroll --token-file FILE, unless it is enrolled; then "
               "muster-worker service start\n";
  return kExitStopped;
}

int ControlService(ServiceHost& host, const std::string& command) {
  absl::Status status;
  if (command == "start") status = host.Start();
  if (command == "stop") status = host.Stop();
  if (command == "uninstall") status = host.Uninstall();
  if (!status.ok()) return FailedService(status);
  const absl::StatusOr<std::string> state = host.State();
  if (!state.ok()) return FailedService(state.status());
  std::cout << "service       " << *state << "\n";
  return command == "status" && *state != "running" ? kExitStartFailed : kExitStopped;
}

int RunService(ServiceHost& host, const RunFlags& flags) {
  const std::string data_dir = flags.data_dir.empty() ? DefaultDataDirectory() : flags.data_dir;
  const absl::StatusOr<int> code =
      host.RunAsService(data_dir + "/logs", [&flags] { return RunWorker(flags); });
  return code.ok() ? *code : FailedService(code.status());
}

}  // namespace muster::worker
