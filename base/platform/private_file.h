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

// OK when nobody but this process's user and root can reach what the file holds: it is theirs, and
// either it or its directory is closed to others. OK also when it cannot be told. PermissionDenied
// with the command that mends it.
absl::Status CheckUnreachableByOthers(const std::string& path);
// OK when nobody but this process's user and root can make, rename or remove names in the directory,
// so that its content is ours. NotFound and others as files.h; PermissionDenied with the command
// that mends it.
absl::Status CheckOursAlone(const std::string& directory);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_PRIVATE_FILE_H_
