#include "tests/bench/load/bare_phase.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/bench/load/bare_fleet.h"
#include "tests/bench/load/certificates.h"
#include "tests/bench/load/process.h"

namespace muster::bench {
namespace {

using absl::ToDoubleMicroseconds;

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Measures> RunBarePhase(const Load& load, const std::string& self,
                                      const std::string& folder) {
  ASSIGN_OR_RETURN(const BareAuthority authority, BareAuthority::Create());
  ASSIGN_OR_RETURN(const PemPair server_identity, authority.IssueServer());
  RETURN_IF_ERROR(WriteFile(folder + "/ca.pem", authority.ca_pem()));
  RETURN_IF_ERROR(WriteFile(folder + "/server.pem", server_identity.certificate));
  RETURN_IF_ERROR(WriteFile(folder + "/server.key", server_identity.key));
  std::vector<PemPair> identities;
  for (int i = 0; i < load.workers; ++i) {
    ASSIGN_OR_RETURN(PemPair identity, authority.IssueWorker(i));
    identities.push_back(std::move(identity));
  }

  const std::vector<std::string> argv = {self, "bare-server", "--tls", folder};
  ASSIGN_OR_RETURN(const auto server, ChildProcess::Start(argv, folder + "/bare-server.log"));
  ASSIGN_OR_RETURN(const std::string hello, server->ReadLine(absl::Seconds(10)));
  std::string word;
  int port = 0;
  std::istringstream(hello) >> word >> port;
  const std::string address = absl::StrCat("127.0.0.1:", port);

  {  // The first connection makes what all share: libraries, threads, caches.
    const auto first = BareFleet::Create(address, authority.ca_pem());
    RETURN_IF_ERROR(first->Connect({identities[0]}, 1).status());
  }

  Measures measures;
  ASSIGN_OR_RETURN(const Cost empty, server->ReadCostAtRest());
  const auto fleet = BareFleet::Create(address, authority.ca_pem());
  ASSIGN_OR_RETURN(const absl::Duration connect_time, fleet->Connect(identities, load.at_once));
  ASSIGN_OR_RETURN(const Cost idle, server->ReadCostAtRest());
  const double workers = load.workers;
  measures.connects_per_second = workers / absl::ToDoubleSeconds(connect_time);
  measures.kib_per_connection = static_cast<double>(idle.rss_kib - empty.rss_kib) / workers;
  measures.cpu_us_per_connect = ToDoubleMicroseconds(idle.cpu - empty.cpu) / workers;

  const absl::Duration own_before = OwnCpu();
  RETURN_IF_ERROR(server->WriteLine(absl::StrCat("run ", load.commands_per_worker)));
  ASSIGN_OR_RETURN(const std::string done, server->ReadLine(absl::Minutes(5)));
  ASSIGN_OR_RETURN(const Cost after, server->ReadCost());
  const absl::Duration own_after = OwnCpu();
  double commands = 0;
  double microseconds = 0;
  std::istringstream(done) >> word >> commands >> microseconds;
  if (fleet->lost() > 0 || commands != workers * load.commands_per_worker || microseconds <= 0) {
    return absl::AbortedError(absl::StrCat("the bare phase lost streams: ", done));
  }
  measures.commands_per_second = commands * 1e6 / microseconds;
  measures.cpu_us_per_command = ToDoubleMicroseconds(after.cpu - idle.cpu) / commands;
  measures.load_cpu_us_per_command = ToDoubleMicroseconds(own_after - own_before) / commands;
  return measures;
}

}  // namespace muster::bench
