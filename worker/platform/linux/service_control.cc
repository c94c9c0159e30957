#include "worker/platform/service_control.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

class SystemdServiceControl final : public ServiceControl {
 public:
  SystemdServiceControl(ProcessRunner& runner, std::string unit)
      : runner_(runner), unit_(std::move(unit)) {}

  absl::Status Restart() override {
    ProcessRequest request;
    request.program = "systemctl";
    for (const absl::string_view argument :
         {absl::string_view("restart"), absl::string_view("--"), absl::string_view(unit_)}) {
      request.arguments.push_back(Secret::CopyOf(argument));
    }
    request.timeout = absl::Seconds(90);
    ASSIGN_OR_RETURN(const ProcessAnswer answer, runner_.Run(request));
    if (answer.exit_code == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("systemctl restart ", unit_, " ended with ", answer.exit_code,
                     "; restart the service by hand, or name its unit with --service-unit"));
  }

 private:
  ProcessRunner& runner_;
  const std::string unit_;
};

}  // namespace

std::unique_ptr<ServiceControl> SystemServiceControl(ProcessRunner& runner, std::string unit) {
  return std::make_unique<SystemdServiceControl>(runner, std::move(unit));
}

}  // namespace muster::worker
