#include "base/platform/posix/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace muster {

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::Status FileError(int error, absl::string_view step, const std::string& path) {
  const std::string text = absl::StrCat("cannot ", step, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text);
    case ENOTDIR:
      return absl::FailedPreconditionError(text);
    case EEXIST:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EFBIG:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status WriteAndFlush(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, "write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : FileError(errno, "write", path);
}

absl::Status ReadAll(int fd, size_t max_bytes, const std::string& path, std::string& content) {
  constexpr size_t kPart = 8192;
  content.clear();
  while (true) {
    const size_t size = content.size();
    content.resize(std::min(std::max(size + kPart, content.capacity()), max_bytes + 1));
    const ssize_t got = read(fd, content.data() + size, content.size() - size);
    const int error = errno;
    content.resize(size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return FileError(error, "read", path);
    if (got == 0) return absl::OkStatus();
    if (content.size() > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
    }
  }
}

absl::Status FlushDirectoryOf(const std::string& path) {
  const std::string parent = ParentOf(path);
  const Descriptor directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok() || fsync(directory.get()) != 0) return FileError(errno, "write", parent);
  return absl::OkStatus();
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace muster
