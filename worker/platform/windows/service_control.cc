#include "worker/platform/service_control.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"
#include "worker/platform/windows/service_handle.h"

namespace muster::worker {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(90);
constexpr DWORD kRights =
    SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS;

class WindowsServiceControl final : public ServiceControl {
 public:
  explicit WindowsServiceControl(std::string name) : name_(std::move(name)) {}

  absl::Status Restart() override {
    const absl::Status status = TryRestart();
    if (status.ok()) return status;
    return absl::FailedPreconditionError(absl::StrCat(
        status.message(), "; restart the service by hand, or give its name with --service-unit"));
  }

  std::string RunId() override {
    const auto service = OpenServiceOf(name_, SERVICE_QUERY_STATUS);
    if (!service.ok()) return "";
    const auto state = StateOf(service->get(), name_);
    if (!state.ok() || state->dwProcessId == 0) return "";
    // A number of a process comes back some day; with its beginning it does not.
    const Handle process(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, state->dwProcessId));
    FILETIME created{};
    FILETIME ignored{};
    if (!process.ok() || !GetProcessTimes(process.get(), &created, &ignored, &ignored, &ignored)) {
      return "";
    }
    return absl::StrCat(state->dwProcessId, "-", created.dwHighDateTime, "-",
                        created.dwLowDateTime);
  }

 private:
  // What needs the service has to stop before it, and is started again behind it.
  absl::Status TryRestart() {
    ASSIGN_OR_RETURN(const ServiceHandle service, OpenServiceOf(name_, kRights));
    ASSIGN_OR_RETURN(const std::vector<std::string> dependents,
                     RunningDependents(service.get(), name_));
    absl::Status stopped;
    for (const std::string& name : dependents) {
      stopped = StopOther(name);
      if (!stopped.ok()) break;
    }
    if (stopped.ok()) stopped = StopAndAwait(service.get(), name_, kPatience);
    // Also when something did not stop: nothing is left behind stopped.
    absl::Status started = StartAndAwait(service.get(), name_, kPatience);
    for (auto name = dependents.rbegin(); name != dependents.rend(); ++name) {
      const absl::Status other = StartOther(*name);
      if (started.ok()) started = other;
    }
    RETURN_IF_ERROR(stopped);
    return started;
  }

  static absl::Status StopOther(const std::string& name) {
    ASSIGN_OR_RETURN(const ServiceHandle service, OpenServiceOf(name, kRights));
    return StopAndAwait(service.get(), name, kPatience);
  }
  static absl::Status StartOther(const std::string& name) {
    ASSIGN_OR_RETURN(const ServiceHandle service, OpenServiceOf(name, kRights));
    return StartAndAwait(service.get(), name, kPatience);
  }

  const std::string name_;
};

}  // namespace

std::unique_ptr<ServiceControl> SystemServiceControl(ProcessRunner&, std::string unit) {
  return std::make_unique<WindowsServiceControl>(std::move(unit));
}

}  // namespace muster::worker
