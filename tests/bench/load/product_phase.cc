#include "tests/bench/load/product_phase.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/bench/load/orchestrator_process.h"
#include "tests/bench/load/process.h"
#include "tests/bench/load/worker_fleet.h"

namespace muster::bench {
namespace {

using absl::ToDoubleMicroseconds;
using absl::ToDoubleSeconds;

}  // namespace

absl::StatusOr<Measures> RunProductPhase(const Load& load, const std::string& program,
                                         const std::string& folder) {
  ASSIGN_OR_RETURN(const auto hub, StartBenchHub());
  OrchestratorProcess orchestrator(program, folder);
  RETURN_IF_ERROR(orchestrator.Init());
  RETURN_IF_ERROR(orchestrator.Serve());
  RETURN_IF_ERROR(orchestrator.MakeFleet(*hub, load.workers));
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
    ASSIGN_OR_RETURN(const RolloutOutcome probes, orchestrator.RunWhole("probe", load.workers));
    probe_time += probes.time;
  }
  const double commands = workers * load.commands_per_worker;
  ASSIGN_OR_RETURN(const Cost probed, orchestrator.process().ReadCost());
  const absl::Duration own_probed = OwnCpu();
  measures.commands_per_second = commands / ToDoubleSeconds(probe_time);
  measures.cpu_us_per_command = ToDoubleMicroseconds(probed.cpu - idle.cpu) / commands;
  measures.load_cpu_us_per_command = ToDoubleMicroseconds(own_probed - own_idle) / commands;

  ASSIGN_OR_RETURN(const RolloutOutcome joins, orchestrator.RunWhole("join", load.workers));
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
