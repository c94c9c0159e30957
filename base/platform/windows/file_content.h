// Opening, reading, writing and renaming of files, for the sources of this folder. Others may always
// read, rename and delete what is open here, as on the other systems.
#ifndef MUSTER_BASE_PLATFORM_WINDOWS_FILE_CONTENT_H_
#define MUSTER_BASE_PLATFORM_WINDOWS_FILE_CONTENT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/platform/files.h"
#include "base/platform/windows/handle.h"

namespace muster {

// A file as it is; NotFound, PermissionDenied, Unavailable. A directory cannot be opened so.
absl::StatusOr<Handle> OpenToRead(const std::string& path);
// To look at: a file or directory, and not what a link leads to.
absl::StatusOr<Handle> OpenToLook(const std::string& path);
// A new file with ClosedAccess; AlreadyExists.
absl::StatusOr<Handle> CreateClosed(const std::string& path, FileAccess access);
// Made where it is not there; for LockWhole.
absl::StatusOr<Handle> OpenToLock(const std::string& path);
// False: GetLastError says why, ERROR_LOCK_VIOLATION when another has it. Does not wait.
bool LockWhole(const Handle& file);

absl::Status WriteAndFlush(const Handle& file, absl::string_view content, const std::string& path);
// ResourceExhausted beyond `max_bytes`.
absl::Status ReadAll(const Handle& file, size_t max_bytes, const std::string& path,
                     std::string& content);
// On the disk when it returns. Tries again for a second: what searches for viruses holds files for
// moments. AlreadyExists unless `replace`.
absl::Status Rename(const std::string& from, const std::string& to, bool replace);
// "." for a name alone; a root is its own.
std::string ParentOf(const std::string& path);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_WINDOWS_FILE_CONTENT_H_
