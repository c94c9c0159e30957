// Files as the worker needs them: whole, small, and either the old or the new content after a
// crash.
#ifndef MUSTER_WORKER_PLATFORM_FILES_H_
#define MUSTER_WORKER_PLATFORM_FILES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::worker {

// NotFound, PermissionDenied, or ResourceExhausted when the file is larger than `max_bytes`.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes = 1 << 20);

enum class FileAccess { kOwnerOnly, kEveryoneReads };

// Writes beside `path`, flushes to the disk, and renames: after a crash the file is the old one or
// the new one.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                 FileAccess access);

// Creates the directory and its parents, readable by the owner only. OK when it exists.
absl::Status MakePrivateDirectory(const std::string& path);
bool IsDirectory(const std::string& path);

// A lock between processes, held from TryAcquire to destruction. The system drops it when the
// process ends, however it ends; the file stays and means nothing by itself.
class FileLock {
 public:
  // Does not wait: Aborted when another holder has it. Two locks on one path exclude each other in
  // one process, too.
  static absl::StatusOr<std::unique_ptr<FileLock>> TryAcquire(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(intptr_t handle) : handle_(handle) {}
  const intptr_t handle_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_FILES_H_
