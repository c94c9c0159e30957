// Standard error of a service, which has none: a file, kept short, and the system's event log.
//
//   std::cerr, log lines ──► a pipe ──► one thread ──► muster-worker.log (8 MiB, then .1.log)
//                                            └──► EventLog: warnings, errors, last words
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_LOG_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/platform/windows/handle.h"
#include "worker/platform/windows/event_log.h"

namespace muster::worker {

class ServiceLog {
 public:
  static constexpr uint64_t kMostBytes = 8 << 20;

  // Takes standard error from now on, for the rest of the process. E-SYSTEM-DATA-DIR when the
  // folder cannot be made or is not ours alone. `most_bytes` of a file; for tests.
  static absl::StatusOr<std::unique_ptr<ServiceLog>> Open(const std::string& directory,
                                                          uint64_t most_bytes = kMostBytes);
  // Writes what is there still.
  ~ServiceLog();

 private:
  ServiceLog(std::string directory, uint64_t most_bytes, Handle pipe);
  absl::Status OpenFile();
  void Copy();
  void Write(absl::string_view lines);

  const std::string directory_;
  const uint64_t most_bytes_;
  const Handle pipe_;
  Handle file_;
  uint64_t size_ = 0;
  EventLog events_;
  std::thread thread_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_SERVICE_LOG_H_
