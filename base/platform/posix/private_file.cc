#include "base/platform/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/platform/posix/descriptor.h"
#include "base/status_macros.h"

namespace muster {
namespace {

absl::Status CheckOwner(const struct stat& info, const std::string& path) {
  if (info.st_uid == geteuid() || info.st_uid == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("%s belongs to user %d; it must belong to the user that runs this program "
                      "(%d) or to root: chown %d '%s'",
                      path, info.st_uid, geteuid(), geteuid(), path));
}

absl::Status CheckOwnerOnly(const struct stat& info, const std::string& path) {
  RETURN_IF_ERROR(CheckOwner(info, path));
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("others than the owner can reach %s (mode %04o): chmod 600 '%s'", path,
                        info.st_mode & 07777, path));
  }
  return absl::OkStatus();
}

// Where a file system knows no links (FAT, some shares): what is begun may be left by a crash.
absl::Status CreateInPlace(const std::string& path, absl::string_view content) {
  const Descriptor fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.ok()) return FileError(errno, "create", path);
  const absl::Status written = WriteAndFlush(fd.get(), content, path);
  if (!written.ok()) unlink(path.c_str());
  return written;
}

}  // namespace

absl::Status CreatePrivateFile(const std::string& path, const Secret& content) {
  std::string draft = absl::StrCat(path, ".XXXXXX");
  const Descriptor fd(mkostemp(draft.data(), O_CLOEXEC));  // Mode 0600.
  if (!fd.ok()) return FileError(errno, "create", path);
  absl::Status status = WriteAndFlush(fd.get(), content.Reveal(), path);
  // A link, unlike a rename, never replaces what is there.
  if (status.ok() && link(draft.c_str(), path.c_str()) != 0) {
    const int error = errno;
    status = error == EPERM || error == EOPNOTSUPP ? CreateInPlace(path, content.Reveal())
                                                   : FileError(error, "create", path);
  }
  unlink(draft.c_str());
  RETURN_IF_ERROR(status);
  return FlushDirectoryOf(path);
}

absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, FileReach reach, size_t max_bytes) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return FileError(errno, "open", path);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FileError(errno, "open", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no plain file"));
  }
  if (reach == FileReach::kOwnerOnly) RETURN_IF_ERROR(CheckOwnerOnly(info, path));
  std::string bytes;
  bytes.reserve(max_bytes + 1);
  const absl::Status status = ReadAll(fd.get(), max_bytes, path, bytes);
  if (status.ok()) return Secret::Take(std::move(bytes));
  Wipe(bytes);
  if (!absl::IsResourceExhausted(status)) return status;
  return absl::InvalidArgumentError(status.message());
}

absl::Status CheckUnreachableByOthers(const std::string& path) {
  struct stat info;
  struct stat directory;
  if (stat(path.c_str(), &info) != 0 || stat(ParentOf(path).c_str(), &directory) != 0) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckOwner(info, path));
  const bool closed = (directory.st_mode & (S_IXGRP | S_IXOTH)) == 0;
  return closed ? absl::OkStatus() : CheckOwnerOnly(info, path);
}

absl::Status CheckOursAlone(const std::string& directory) {
  struct stat info;
  if (stat(directory.c_str(), &info) != 0) return FileError(errno, "look at", directory);
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(directory, " is not a directory"));
  }
  RETURN_IF_ERROR(CheckOwner(info, directory));
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("others than the owner can change what is in %s (mode %04o): chmod go-w '%s'",
                      directory, info.st_mode & 07777, directory));
}

}  // namespace muster
