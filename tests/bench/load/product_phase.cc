#include "tests/bench/load/product_phase.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/bench/load/admin_client.h"
#include "tests/bench/load/process.h"
#include "tests/bench/load/worker_fleet.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::bench {
namespace {

using absl::ToDoubleMicroseconds;
using absl::ToDoubleSeconds;

constexpr char kNoLimit[] = "1000000000";

// The orchestrator's process and its folder, which outlives the process.
class Orchestrator {
 public:
  Orchestrator(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  absl::Status Init();
  absl::Status Serve();
  void Stop() { process_.reset(); }
  const ChildProcess& process() const { return *process_; }
  AdminClient& admin() { return *admin_; }

 private:
  std::string DataDir() const { return folder_ + "/data"; }
  std::string LogPath() const { return folder_ + "/orchestrator.log"; }
  // Waits for the file that `serve` writes once it listens, and reads the session listener's port.
  absl::StatusOr<int> AwaitSessionPort(const std::string& port_file);

  const std::string program_;
  const std::string folder_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<AdminClient> admin_;
  int session_port_ = 0;  // The same after a restart: workers remember it.
};

absl::Status Orchestrator::Init() {
  ASSIGN_OR_RETURN(const auto init, ChildProcess::Start({program_, "init", "--data-dir", DataDir(),
                                                         "--address", "127.0.0.1"},
                                                        LogPath()));
  ASSIGN_OR_RETURN(const int exit_code, init->Wait(absl::Seconds(30)));
  if (exit_code == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat(program_, " init ended with ", exit_code, "; its log: ", LogPath()));
}

absl::Status Orchestrator::Serve() {
  const std::string port_file = folder_ + "/ports.json";
  std::filesystem::remove(port_file);
  ASSIGN_OR_RETURN(
      process_,
      ChildProcess::Start(
          {program_, "serve", "--data-dir", DataDir(), "--session-listen",
           absl::StrCat("127.0.0.1:", session_port_), "--bootstrap-listen", "127.0.0.1:0",
           "--admin-listen", "127.0.0.1:0", "--port-file", port_file, "--log-level", "warning",
           // What protects real sites and hubs would be all that is measured here.
           "--bootstrap-rate-per-minute", kNoLimit, "--join-rate-per-minute", kNoLimit,
           "--join-rate-limit", kNoLimit, "--verify-poll", "1s"},
          LogPath()));
  ASSIGN_OR_RETURN(session_port_, AwaitSessionPort(port_file));
  admin_ = AdminClient::Create(absl::StrCat("unix:", DataDir(), "/admin.sock"));
  return admin_->AwaitReady(absl::Seconds(30));
}

absl::StatusOr<int> Orchestrator::AwaitSessionPort(const std::string& port_file) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream file(port_file);
    const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) return json.value("session", 0);
    if (process_->Wait(absl::Milliseconds(30)).ok()) break;
  }
  return absl::UnavailableError(
      absl::StrCat(program_, " serve does not listen; its log: ", LogPath()));
}

absl::StatusOr<std::unique_ptr<doubles::HubDouble>> StartHub() {
  doubles::HubOptions options;
  options.join_limit = 0;
  options.auth_limit = 0;
  options.refresh_limit = 0;
  options.heartbeat = absl::Hours(1);  // Nobody beats; connections last.
  return doubles::HubDouble::Start(std::move(options));
}

absl::StatusOr<RolloutOutcome> RunWhole(AdminClient& admin, const std::string& kind, int targets) {
  ASSIGN_OR_RETURN(RolloutOutcome outcome, admin.RunRollout(kind));
  if (outcome.succeeded != targets || outcome.total != targets) {
    return absl::AbortedError(absl::StrCat("the ", kind, " rollout ended ", outcome.state, " with ",
                                           outcome.succeeded, " of ", outcome.total,
                                           " targets done; wanted ", targets));
  }
  return outcome;
}

}  // namespace

absl::StatusOr<Measures> RunProductPhase(const Load& load, const std::string& program,
                                         const std::string& folder) {
  ASSIGN_OR_RETURN(const auto hub, StartHub());
  Orchestrator orchestrator(program, folder);
  RETURN_IF_ERROR(orchestrator.Init());
  RETURN_IF_ERROR(orchestrator.Serve());
  RETURN_IF_ERROR(orchestrator.admin().MakeFleet({.url = hub->url(),
                                                  .joining_client_id = hub->client_id(),
                                                  .joining_secret = hub->secret(),
                                                  .username = "admin",
                                                  .password = "changeme!"},
                                                 load.workers));
  const double workers = load.workers;
  Measures measures;
  std::filesystem::create_directory(folder + "/locks");
  const auto fleet = WorkerFleet::Create(*hub, folder + "/locks");
  {
    ASSIGN_OR_RETURN(const std::string token, orchestrator.admin().MakeToken(load.workers));
    ASSIGN_OR_RETURN(const Cost before, orchestrator.process().ReadCost());
    ASSIGN_OR_RETURN(const absl::Duration time,
                     fleet->Bootstrap(token, load.workers, std::min(load.at_once, 64)));
    ASSIGN_OR_RETURN(const Cost after, orchestrator.process().ReadCost());
    measures.bootstraps_per_second = workers / ToDoubleSeconds(time);
    measures.cpu_us_per_bootstrap = ToDoubleMicroseconds(after.cpu - before.cpu) / workers;
  }
  // A fresh process: what bootstrapping left in the heap would hide what sessions need.
  orchestrator.Stop();
  RETURN_IF_ERROR(orchestrator.Serve());
  // The first connection makes what all share: libraries, threads, caches.
  RETURN_IF_ERROR(fleet->Connect(1, 1).status());
  fleet->Disconnect();

  ASSIGN_OR_RETURN(const Cost empty, orchestrator.process().ReadCostAtRest());
  ASSIGN_OR_RETURN(const absl::Duration connect_time, fleet->Connect(load.workers, load.at_once));
  ASSIGN_OR_RETURN(const Cost idle, orchestrator.process().ReadCostAtRest());
  measures.connects_per_second = workers / ToDoubleSeconds(connect_time);
  measures.kib_per_connection = static_cast<double>(idle.rss_kib - empty.rss_kib) / workers;
  measures.cpu_us_per_connect = ToDoubleMicroseconds(idle.cpu - empty.cpu) / workers;

  absl::Duration probe_time;
  const absl::Duration own_idle = OwnCpu();
  for (int i = 0; i < load.commands_per_worker; ++i) {
    ASSIGN_OR_RETURN(const RolloutOutcome probes,
                     RunWhole(orchestrator.admin(), "probe", load.workers));
    probe_time += probes.time;
  }
  const double commands = workers * load.commands_per_worker;
  ASSIGN_OR_RETURN(const Cost probed, orchestrator.process().ReadCost());
  const absl::Duration own_probed = OwnCpu();
  measures.commands_per_second = commands / ToDoubleSeconds(probe_time);
  measures.cpu_us_per_command = ToDoubleMicroseconds(probed.cpu - idle.cpu) / commands;
  measures.load_cpu_us_per_command = ToDoubleMicroseconds(own_probed - own_idle) / commands;

  ASSIGN_OR_RETURN(const RolloutOutcome joins,
                   RunWhole(orchestrator.admin(), "join", load.workers));
  ASSIGN_OR_RETURN(const Cost joined, orchestrator.process().ReadCost());
  measures.enrollments_per_second = workers / ToDoubleSeconds(joins.time);
  measures.cpu_us_per_enrollment = ToDoubleMicroseconds(joined.cpu - probed.cpu) / workers;
  measures.load_cpu_us_per_enrollment = ToDoubleMicroseconds(OwnCpu() - own_probed) / workers;
  if (fleet->lost() > 0) {
    return absl::AbortedError(absl::StrCat(fleet->lost(), " sessions were lost on the way"));
  }
  return measures;
}

}  // namespace muster::bench
