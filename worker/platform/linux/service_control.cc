#include "worker/platform/service_control.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

class SystemdServiceControl final : public ServiceControl {
 public:
  SystemdServiceControl(ProcessRunner& runner, std::string unit)
      : runner_(runner), unit_(std::move(unit)) {}

  absl::Status Restart() override {
    ASSIGN_OR_RETURN(const ProcessAnswer answer,
                     runner_.Run(Systemctl({"restart", "--", unit_}, absl::Seconds(90))));
    if (answer.exit_code == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("systemctl restart ", unit_, " ended with ", answer.exit_code,
                     "; restart the service by hand, or name its unit with --service-unit"));
  }

  std::string RunId() override {
    const auto answer = runner_.Run(
        Systemctl({"show", "--property=InvocationID", "--value", "--", unit_}, absl::Seconds(10)));
    if (!answer.ok() || answer->exit_code != 0) return "";
    const absl::string_view id = absl::StripAsciiWhitespace(answer->output);
    const bool plausible = id.size() == 32 && std::all_of(id.begin(), id.end(), [](char c) {
                             return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                           });
    return plausible ? std::string(id) : "";
  }

 private:
  static ProcessRequest Systemctl(const std::vector<std::string>& arguments,
                                  absl::Duration timeout) {
    ProcessRequest request;
    request.program = "systemctl";
    for (const std::string& argument : arguments) {
      request.arguments.push_back(Secret::CopyOf(argument));
    }
    request.timeout = timeout;
    return request;
  }

  ProcessRunner& runner_;
  const std::string unit_;
};

}  // namespace

std::unique_ptr<ServiceControl> SystemServiceControl(ProcessRunner& runner, std::string unit) {
  return std::make_unique<SystemdServiceControl>(runner, std::move(unit));
}

}  // namespace muster::worker
