// Whether a path leads where only certain accounts can have put something.
#ifndef MUSTER_WORKER_PLATFORM_LINUX_TRUSTED_PATH_H_
#define MUSTER_WORKER_PLATFORM_LINUX_TRUSTED_PATH_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::worker {

using IsTrustedUid = std::function<bool(uint32_t uid)>;

// Follows `path` step by step from the root, through links as well, and returns what it leads to,
// free of links. Every directory and link on the way belongs to a trusted account; nobody else can
// write to a directory, but for those like /tmp whose entries only their owner can replace.
// E-SERVICE-UNTRUSTED with the first thing that is not so; NotFound, PermissionDenied.
absl::StatusOr<std::string> FollowTrustedPath(const std::string& path, const IsTrustedUid& trusted);

// The same, and the end is a directory in which only trusted accounts can make names.
absl::StatusOr<std::string> FollowTrustedFolder(const std::string& path,
                                                const IsTrustedUid& trusted);
// The same, and the end is a plain file that only trusted accounts can write.
absl::StatusOr<std::string> FollowTrustedFile(const std::string& path, const IsTrustedUid& trusted);

// Opens and reads the plain file `path`, which is no link and which only trusted accounts can
// write; its directory is trusted already. Never waits for a pipe's other end. NotFound,
// PermissionDenied, ResourceExhausted beyond `max_bytes`, E-SERVICE-UNTRUSTED.
absl::StatusOr<std::string> ReadTrustedFile(const std::string& path, size_t max_bytes,
                                            const IsTrustedUid& trusted);

// "user 1000 (bob)"; the name as in /etc/passwd.
std::string AccountText(uint32_t uid);
// The number of an account that is given by name or number; -1: no such account in /etc/passwd.
int64_t UidOf(const std::string& account);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_LINUX_TRUSTED_PATH_H_
