#include "tests/doubles/workers/worker_fleet.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/platform/files.h"
#include "base/status_macros.h"
#include "proto/rpc/token_file.h"
#include "worker/identity/enroll.h"
#include "worker/identity/state_directory.h"
#include "worker/platform/machine.h"
#include "worker/rpc/grpc_bootstrap_client.h"

namespace muster::doubles {

absl::StatusOr<std::vector<FleetMember>> ParseFleetList(const std::string& text) {
  std::vector<FleetMember> members;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || words[0][0] == '#') continue;
    if (words.size() != 3) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": want a name, a token file and an app data folder"));
    }
    members.push_back({words[0], words[1], words[2]});
  }
  return members;
}

WorkerFleet::WorkerFleet(const WorkerFleetOptions& options)
    : runtime_({.strands = 2, .blocking_threads = options.blocking_threads}) {}

WorkerFleet::~WorkerFleet() {
  for (const auto& worker : workers_) worker->Stop();
}

absl::StatusOr<std::unique_ptr<WorkerFleet>> WorkerFleet::Start(const WorkerFleetOptions& options) {
  std::unique_ptr<WorkerFleet> fleet(new WorkerFleet(options));
  for (const FleetMember& member : options.members) {
    RETURN_IF_ERROR(Annotate(fleet->Add(member, options), member.name));
  }
  return fleet;
}

absl::Status WorkerFleet::Add(const FleetMember& member, const WorkerFleetOptions& options) {
  const std::string data_dir = absl::StrCat(options.data_root, "/", member.name);
  types::v1::MachineFacts machine = worker::ReadMachineFacts();
  machine.set_machine_name(member.name);
  machine.clear_machine_id_hash();  // That of this machine would make them all look like clones.

  ASSIGN_OR_RETURN(const worker::StateDirectory directory, worker::StateDirectory::Open(data_dir));
  if (!directory.HasIdentity()) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(member.token_file, 64 << 10));
    worker::EnrollOptions enroll;
    ASSIGN_OR_RETURN(enroll.token, rpc::ParseTokenFile(text));
    enroll.machine = machine;
    enroll.server_name = member.name;
    enroll.now = absl::Now();
    worker::GrpcBootstrapClient client(enroll.token.bootstrap_address(),
                                       enroll.token.ca_bundle_pem());
    RETURN_IF_ERROR(worker::Enroll(client, directory, enroll).status());
  }
  worker::WorkerOptions worker_options;
  worker_options.data_dir = data_dir;
  worker_options.app_data_folder = member.app_data;
  worker_options.machine = machine;
  worker_options.join_timeout = options.join_timeout;
  ASSIGN_OR_RETURN(auto worker, worker::Worker::Open(runtime_, std::move(worker_options)));
  worker->Start();
  workers_.push_back(std::move(worker));
  return absl::OkStatus();
}

}  // namespace muster::doubles
