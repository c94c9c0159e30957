// Runs other programs: the service's command line and the service manager.
#ifndef MUSTER_WORKER_PLATFORM_PROCESS_H_
#define MUSTER_WORKER_PLATFORM_PROCESS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace muster::worker {

struct ProcessRequest {
  std::string program;  // A path, or a name that is looked up in PATH. No shell is involved.
  // Arguments after the program's name. A Secret among them is visible to other processes of the
  // machine while the program runs: whoever passes one must be allowed to.
  std::vector<Secret> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // Added to this process's own.
  absl::Duration timeout = absl::Seconds(60);
};

struct ProcessAnswer {
  int exit_code = 0;   // 128 + signal when a signal ended it.
  std::string output;  // Standard output and error together; at most 256 KiB are kept.
};

// Thread-safe.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // Blocks until the program has ended. NotFound or PermissionDenied: it did not start.
  // DeadlineExceeded: it was killed after the timeout, and may have done anything before. Canceled:
  // the same, because of Stop.
  virtual absl::StatusOr<ProcessAnswer> Run(const ProcessRequest& request) = 0;

  // Kills within about a second what runs; later programs are not started. For the stop of a
  // worker.
  virtual void Stop() = 0;
};

// The operating system's.
std::unique_ptr<ProcessRunner> MakeProcessRunner();

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_PROCESS_H_
