#include "base/platform/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/platform/posix/descriptor.h"
#include "base/status_macros.h"

namespace muster {

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return FileError(errno, "open", path);
  std::string content;
  RETURN_IF_ERROR(ReadAll(file.get(), max_bytes, path, content));
  return content;
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                 FileAccess access) {
  const mode_t mode = access == FileAccess::kOwnerOnly ? 0600 : 0644;
  const std::string temporary = path + ".new";
  // A leftover of a crash may have other permissions; it is not reused.
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) {
    return FileError(errno, "remove", temporary);
  }
  {
    const Descriptor file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.ok()) return FileError(errno, "create", temporary);
    RETURN_IF_ERROR(WriteAndFlush(file.get(), content, temporary));
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return FileError(errno, "replace", path);
  return FlushDirectoryOf(path);
}

absl::Status MakePrivateDirectory(const std::string& path) {
  if (IsDirectory(path)) return absl::OkStatus();
  const std::string parent = ParentOf(path);
  if (parent != path && !IsDirectory(parent)) RETURN_IF_ERROR(MakePrivateDirectory(parent));
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return FileError(errno, "create", path);
  if (!IsDirectory(path)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a directory"));
  }
  return absl::OkStatus();
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::TryAcquire(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return FileError(errno, "open", path);
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return absl::AbortedError(absl::StrCat(path, " is locked"));
  return FileError(errno, "lock", path);
}

FileLock::~FileLock() { close(static_cast<int>(handle_)); }

}  // namespace muster
