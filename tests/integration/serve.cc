#include "tests/integration/serve.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

std::string Field(const std::string& line, const std::string& name) {
  const size_t at = line.find(absl::StrCat(" ", name, "="));
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

int PortOf(const std::string& address) {
  return atoi(address.substr(address.rfind(':') + 1).c_str());
}

}  // namespace

std::string OrchestratorProgram() { return MUSTER_ORCHESTRATOR_PROGRAM; }

std::vector<std::string> ServeCommand(const std::string& data_dir, const app::Endpoints& at) {
  const auto local = [](int port) { return absl::StrCat("127.0.0.1:", port); };
  return {OrchestratorProgram(),
          "serve",
          "--data-dir",
          data_dir,
          "--session-listen",
          local(at.session_port),
          "--bootstrap-listen",
          local(at.bootstrap_port),
          "--admin-listen",
          local(at.admin_port),
          "--verify-poll",
          "200ms",
          "--join-rate-per-minute",
          "6000",
          "--retry-first",
          "200ms"};
}

app::Endpoints AwaitReady(Process& process) {
  const std::string line = process.AwaitLine("orchestrator is ready");
  app::Endpoints at;
  if (line.empty()) {
    ADD_FAILURE() << "it did not start: " << process.Output();
    return at;
  }
  at.session_address = Field(line, "sessions");
  at.bootstrap_address = Field(line, "bootstrap");
  at.admin_address = Field(line, "admin");
  at.admin_socket = Field(line, "socket");
  at.metrics_port = atoi(Field(line, "metrics_port").c_str());
  at.session_port = PortOf(at.session_address);
  at.bootstrap_port = PortOf(at.bootstrap_address);
  at.admin_port = PortOf(at.admin_address);
  return at;
}

}  // namespace muster
