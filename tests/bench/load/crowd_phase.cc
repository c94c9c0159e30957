#include "tests/bench/load/crowd_phase.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "tests/bench/load/orchestrator_process.h"
#include "tests/bench/load/worker_fleet.h"

namespace muster::bench {
namespace {

// Connections that say nothing, from some loopback addresses, as long as it lives.
class SilentCrowd {
 public:
  SilentCrowd(const std::vector<int>& ports, int each) {
    for (const int port : ports) {
      for (int i = 0; i < each; ++i) Connect(port, 2 + i % 8);
    }
  }
  ~SilentCrowd() {
    for (const int fd : open_) close(fd);
  }
  SilentCrowd(const SilentCrowd&) = delete;
  SilentCrowd& operator=(const SilentCrowd&) = delete;
  size_t size() const { return open_.size(); }

 private:
  void Connect(int port, int last_byte) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    sockaddr_in from = {};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<uint32_t>(last_byte));
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0 &&
        connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
      open_.push_back(fd);
    } else {
      close(fd);
    }
  }

  std::vector<int> open_;
};

std::string FileLimitOf(pid_t pid) {
  std::ifstream limits(absl::StrCat("/proc/", pid, "/limits"));
  for (std::string line; std::getline(limits, line);) {
    if (line.rfind("Max open files", 0) == 0) return line;
  }
  return "unknown";
}

}  // namespace

absl::StatusOr<std::string> RunCrowdPhase(const Crowd& crowd, const std::string& program,
                                          const std::string& folder) {
  ASSIGN_OR_RETURN(const auto hub, StartBenchHub());
  OrchestratorProcess orchestrator(program, folder);
  RETURN_IF_ERROR(orchestrator.Init());
  RETURN_IF_ERROR(orchestrator.Serve(crowd.soft_file_limit));
  RETURN_IF_ERROR(orchestrator.MakeFleet(*hub, crowd.workers));
  std::filesystem::create_directory(folder + "/locks");
  const auto fleet = WorkerFleet::Create(*hub, folder + "/locks");
  ASSIGN_OR_RETURN(const std::string token, orchestrator.admin().MakeToken(crowd.workers));
  RETURN_IF_ERROR(fleet->Bootstrap(token, crowd.workers, std::min(crowd.at_once, 64)).status());
  std::string seen = absl::StrCat("limits    ", FileLimitOf(orchestrator.process().pid()), "\n");

  const OrchestratorProcess::Ports& ports = orchestrator.ports();
  const SilentCrowd before({ports.session, ports.bootstrap, ports.admin}, crowd.silent / 2);
  ASSIGN_OR_RETURN(const absl::Duration came_in, fleet->Connect(crowd.workers, crowd.at_once));
  absl::StrAppendFormat(&seen, "workers   %d connected in %.1f s beside %d silent connections\n",
                        crowd.workers, absl::ToDoubleSeconds(came_in), before.size());
  const SilentCrowd more({ports.session, ports.bootstrap, ports.admin}, crowd.silent / 2);
  ASSIGN_OR_RETURN(const RolloutOutcome probes, orchestrator.RunWhole("probe", crowd.workers));
  absl::StrAppendFormat(&seen, "commands  %d answered in %.1f s beside %d silent connections\n",
                        crowd.workers, absl::ToDoubleSeconds(probes.time),
                        before.size() + more.size());
  absl::StrAppendFormat(&seen, "lost      %d sessions\n", fleet->lost());
  if (fleet->lost() > 0) return absl::AbortedError(absl::StrCat("sessions were lost\n", seen));
  return seen;
}

}  // namespace muster::bench
