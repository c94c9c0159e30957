// Small files that hold a secret and that only their owner may read. One source per system.
#ifndef MUSTER_ORCHESTRATOR_SECRETS_PRIVATE_FILE_H_
#define MUSTER_ORCHESTRATOR_SECRETS_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace muster::secrets {

// Creates `path` for its owner alone (mode 0600) with all of `content` in it, on disk when this
// returns: after a crash the file is there whole or not at all. AlreadyExists when something has
// that name, which is left as it is; Unavailable when the disk or a directory forbids it.
absl::Status CreatePrivateFile(const std::string& path, const Secret& content);

enum class FileAccess {
  kOwnerOnly,  // Others must have no access at all.
  kAny,        // Whoever put the file there answers for it, as systemd does for credentials.
};

// The whole file. NotFound when there is none; PermissionDenied when it cannot be read or, with
// kOwnerOnly, when others can reach it; InvalidArgument when it is no plain file or larger than
// `max_bytes`.
absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, FileAccess access,
                                       size_t max_bytes);

}  // namespace muster::secrets

#endif  // MUSTER_ORCHESTRATOR_SECRETS_PRIVATE_FILE_H_
