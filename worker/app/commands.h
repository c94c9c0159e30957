// The command line of muster-worker: enroll, run, status. Wires, prints, and turns errors into exit
// codes.
#ifndef MUSTER_WORKER_APP_COMMANDS_H_
#define MUSTER_WORKER_APP_COMMANDS_H_

#include <string>

#include "absl/status/status.h"

namespace muster::worker {

enum ExitCode {
  kExitStopped = 0,
  kExitStartFailed = 1,
  kExitUsage = 2,        // Also: not enrolled, or enrolled in another zone than the token's.
  kExitJournalLost = 3,  // While running.
  kExitForced = 4,       // A second signal.
};

struct EnrollFlags {
  std::string token_file;
  std::string data_dir;
  std::string server_name;
  std::string address;
};
struct RunFlags {
  std::string data_dir;
  std::string app_data;
  std::string cli;
  std::string service_unit;
  std::string service_account;
  std::string address;
  std::string machine_name;
  std::string log_format = "logfmt";
  std::string log_level = "info";
};

int RunEnroll(const EnrollFlags& flags);
int RunWorker(const RunFlags& flags);  // Until a signal, or until the journal is lost.
int RunStatus(const std::string& data_dir);

// The exit code for an error: configuration, journal, or else a failed start.
int ExitCodeOf(const absl::Status& status);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_APP_COMMANDS_H_
