#include "orchestrator/app/http_probe.h"

#include <nlohmann/json.hpp>

namespace muster::app {

HttpAnswer AnswerProbe(const SelfCheck& check, const std::string& path) {
  using Result = api::SystemCheck::Result;
  if (path == "/healthz") {
    const bool alive = check.alive();
    return {alive ? 200 : 503, alive ? "{\"alive\":true}\n" : "{\"alive\":false}\n"};
  }
  if (path != "/readyz") return {404, ""};
  const api::SystemReport report = check.Report();
  nlohmann::json checks = nlohmann::json::object();
  for (const api::SystemCheck& one : report.checks) {
    checks[one.name] = one.result == Result::kOk        ? "ok"
                       : one.result == Result::kWarning ? "warning: " + one.seen
                                                        : "problem: " + one.seen;
  }
  return {report.ready ? 200 : 503,
          nlohmann::json{{"ready", report.ready}, {"checks", checks}}.dump(
              -1, ' ', false, nlohmann::json::error_handler_t::replace) +
              "\n"};
}

}  // namespace muster::app
