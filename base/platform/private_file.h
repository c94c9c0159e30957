// Small files that hold a secret and that only their owner may read: made so, and checked to be so.
// The one place where Muster's programs make and read keys, tokens and credentials.
#ifndef MUSTER_BASE_PLATFORM_PRIVATE_FILE_H_
#define MUSTER_BASE_PLATFORM_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace muster {

// Creates `path` for its owner alone (mode 0600) with all of `content` in it, on disk when this
// returns: after a crash the file is there whole or not at all. AlreadyExists when something has
// that name, which is left as it is; NotFound or PermissionDenied when the directory is missing or
// forbids it; Unavailable when the disk does. Blocks on the disk. Files that are replaced are
// written by WriteFileAtomically (base/platform/files.h).
absl::Status CreatePrivateFile(const std::string& path, const Secret& content);

enum class FileReach {
  kOwnerOnly,  // Owned by this process's user or root, and others have no access at all.
  kAny,        // Whoever put the file there answers for it, as systemd does for credentials.
};

// The whole file. NotFound when there is none; PermissionDenied when it cannot be read or, with
// kOwnerOnly, when others can reach it, the text says how to mend that; InvalidArgument when it is
// no plain file or larger than `max_bytes`. Does not wait for a pipe's other end.
absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, FileReach reach, size_t max_bytes);

// Whether others than the owner may read the file; false when that cannot be told.
bool IsReadableByOthers(const std::string& path);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_PRIVATE_FILE_H_
