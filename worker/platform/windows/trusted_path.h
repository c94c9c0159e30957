// Whether a path leads where only certain accounts can have put something.
//
// Folders of Windows are looser than those of Linux: below C:\ProgramData everybody may add files to
// everybody's folders. So nobody else may replace or take away what is in a folder, but may add to
// it; and every file that is used is looked at by itself.
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_TRUSTED_PATH_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_TRUSTED_PATH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/platform/windows/access.h"

namespace muster::worker {

// Every directory on the way from the drive to `path`, and `path` itself, is no link, belongs to a
// trusted account, and nobody else can replace it. E-SERVICE-UNTRUSTED with the first thing that is
// not so; NotFound, PermissionDenied.
absl::Status CheckTrustedFolder(const std::string& path, const IsTrustedSid& trusted);
// The same, and the end is a plain file whose content only the trusted can change.
absl::Status CheckTrustedFile(const std::string& path, const IsTrustedSid& trusted);
// Reads the plain file `path`, which is no link and which only the trusted can change; its folder is
// trusted already. ResourceExhausted beyond `max_bytes`.
absl::StatusOr<std::string> ReadTrustedFile(const std::string& path, size_t max_bytes,
                                            const IsTrustedSid& trusted);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_TRUSTED_PATH_H_
