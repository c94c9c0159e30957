#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "orchestrator/secrets/private_file.h"

namespace muster::secrets {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status SystemError(absl::string_view step, const std::string& path) {
  const int error = errno;
  const std::string text = absl::StrCat("cannot ", step, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text);
    case EEXIST:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status WriteAll(int fd, absl::string_view rest, const std::string& path) {
  while (!rest.empty()) {
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError("write", path);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) return SystemError("write", directory);
  return absl::OkStatus();
}

}  // namespace

absl::Status CreatePrivateFile(const std::string& path, const Secret& content) {
  std::string draft = absl::StrCat(path, ".XXXXXX");
  const Descriptor fd(mkostemp(draft.data(), O_CLOEXEC));  // Mode 0600.
  if (fd.get() < 0) return SystemError("create", path);
  absl::Status status = WriteAll(fd.get(), content.Reveal(), path);
  // A link, unlike a rename, never replaces what is there.
  if (status.ok() && link(draft.c_str(), path.c_str()) != 0) status = SystemError("create", path);
  unlink(draft.c_str());
  RETURN_IF_ERROR(status);
  return SyncDirectoryOf(path);
}

absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, FileAccess access,
                                       size_t max_bytes) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return SystemError("open", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return SystemError("open", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no plain file"));
  }
  if (access == FileAccess::kOwnerOnly && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("others than the owner can reach %s (mode %04o instead of 0600)", path,
                        info.st_mode & 07777));
  }
  std::string bytes(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Wipe(bytes);
      return SystemError("read", path);
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_bytes) {
    Wipe(bytes);
    return absl::InvalidArgumentError(absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
  }
  bytes.resize(size);
  return Secret::Take(std::move(bytes));
}

}  // namespace muster::secrets
