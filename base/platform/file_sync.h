// Makes what was written to a file survive a power cut, from beside the thread that writes it.
#ifndef MUSTER_BASE_PLATFORM_FILE_SYNC_H_
#define MUSTER_BASE_PLATFORM_FILE_SYNC_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster {

class FileSync {
 public:
  virtual ~FileSync() = default;
  // `path` exists. NotFound, PermissionDenied, ResourceExhausted or Unavailable when it cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<FileSync>> Open(const std::string& path);
  // Blocks until all that was written before the call is on the disk. An error means that nobody
  // knows what is. Thread-safe.
  virtual absl::Status Sync() = 0;
};

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_FILE_SYNC_H_
