#include "tests/bench/load/orchestrator_process.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

constexpr char kNoLimit[] = "1000000000";
constexpr char kNoCount[] = "1000000";

}  // namespace

absl::StatusOr<std::unique_ptr<doubles::HubDouble>> StartBenchHub() {
  doubles::HubOptions options;
  options.join_limit = 0;
  options.auth_limit = 0;
  options.refresh_limit = 0;
  options.heartbeat = absl::Hours(1);  // Nobody beats; connections last.
  return doubles::HubDouble::Start(std::move(options));
}

absl::Status OrchestratorProcess::Init() {
  ASSIGN_OR_RETURN(const auto init, ChildProcess::Start({program_, "init", "--data-dir", DataDir(),
                                                         "--address", "127.0.0.1"},
                                                        LogPath()));
  ASSIGN_OR_RETURN(const int exit_code, init->Wait(absl::Seconds(30)));
  if (exit_code == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat(program_, " init ended with ", exit_code, "; its log: ", LogPath()));
}

absl::Status OrchestratorProcess::Serve(int soft_file_limit) {
  const std::string port_file = folder_ + "/ports.json";
  std::filesystem::remove(port_file);
  std::vector<std::string> command = {
      program_, "serve", "--data-dir", DataDir(), "--session-listen",
      absl::StrCat("127.0.0.1:", ports_.session), "--bootstrap-listen", "127.0.0.1:0",
      "--admin-listen", "127.0.0.1:0", "--port-file", port_file, "--log-level", "warning",
      // What protects real sites, hubs and the orchestrator from one address would be all that is
      // measured here.
      "--bootstrap-rate-per-minute", kNoLimit, "--join-rate-per-minute", kNoLimit,
      "--join-rate-limit", kNoLimit, "--verify-poll", "1s", "--max-sessions-per-address", kNoCount};
  if (soft_file_limit > 0) {
    const std::vector<std::string> shell = {
        "/bin/sh", "-c", absl::StrCat("ulimit -Sn ", soft_file_limit, " && exec \"$@\""), "sh"};
    command.insert(command.begin(), shell.begin(), shell.end());
  }
  ASSIGN_OR_RETURN(process_, ChildProcess::Start(command, LogPath()));
  ASSIGN_OR_RETURN(ports_, AwaitPorts(port_file));
  admin_ = AdminClient::Create(absl::StrCat("unix:", DataDir(), "/admin.sock"));
  return admin_->AwaitReady(absl::Seconds(30));
}

absl::StatusOr<OrchestratorProcess::Ports> OrchestratorProcess::AwaitPorts(
    const std::string& port_file) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream file(port_file);
    const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) {
      return Ports{json.value("session", 0), json.value("bootstrap", 0), json.value("admin", 0)};
    }
    if (process_->Wait(absl::Milliseconds(30)).ok()) break;
  }
  return absl::UnavailableError(
      absl::StrCat(program_, " serve does not listen; its log: ", LogPath()));
}

absl::Status OrchestratorProcess::MakeFleet(doubles::HubDouble& hub, int servers) {
  return admin_->MakeFleet({.url = hub.url(),
                            .joining_client_id = hub.client_id(),
                            .joining_secret = hub.secret(),
                            .username = "admin",
                            .password = "changeme!"},
                           servers);
}

absl::StatusOr<RolloutOutcome> OrchestratorProcess::RunWhole(const std::string& kind, int targets) {
  ASSIGN_OR_RETURN(RolloutOutcome outcome, admin_->RunRollout(kind));
  if (outcome.succeeded != targets || outcome.total != targets) {
    return absl::AbortedError(absl::StrCat("the ", kind, " rollout ended ", outcome.state, " with ",
                                           outcome.succeeded, " of ", outcome.total,
                                           " targets done; wanted ", targets));
  }
  return outcome;
}

}  // namespace muster::bench
