// A lock on a data directory: one process at a time works in it.
#ifndef MUSTER_BASE_PLATFORM_DIRECTORY_LOCK_H_
#define MUSTER_BASE_PLATFORM_DIRECTORY_LOCK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace muster {

// Held from Acquire to destruction, on the file LOCK in the directory. The operating system drops
// it when the process ends, however it ends; the file stays and means nothing by itself.
class DirectoryLock {
 public:
  // Does not wait. FailedPrecondition (E-SYSTEM-DATA-DIR-BUSY) names the process that holds the
  // lock; NotFound or PermissionDenied when the directory cannot be used.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(intptr_t handle) : handle_(handle) {}
  const intptr_t handle_;  // A file descriptor; on Windows a HANDLE.
};

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_DIRECTORY_LOCK_H_
