// Files as Muster's programs need them: whole, small, and either the old or the new content after a
// crash. Files that must not be replaced or that hold a secret to be checked: private_file.h.
#ifndef MUSTER_BASE_PLATFORM_FILES_H_
#define MUSTER_BASE_PLATFORM_FILES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// NotFound, PermissionDenied, Unavailable, or ResourceExhausted when the file is larger than
// `max_bytes`. Blocks on the disk.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes = 1 << 20);

enum class FileAccess { kOwnerOnly, kEveryoneReads };

// Writes beside `path`, flushes to the disk, and renames: after a crash the file is the old one or
// the new one. Codes as in ReadWholeFile. Blocks on the disk.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                 FileAccess access);

// Creates the directory and its parents, readable by the owner only. OK when it exists.
absl::Status MakePrivateDirectory(const std::string& path);
bool IsDirectory(const std::string& path);

// A lock between processes, held from TryAcquire to destruction. The system drops it when the
// process ends, however it ends; the file stays and means nothing by itself. Put it where only
// those whom it shall exclude may write (CheckOursAlone,
// base/platform/private_file.h): whoever can open the file can hold it.
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

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_FILES_H_
