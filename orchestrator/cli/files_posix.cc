#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "orchestrator/cli/files.h"

namespace muster::cli {

absl::Status WritePrivateFile(const std::string& path, absl::string_view content) {
  const auto failed = [&path](absl::string_view step) {
    const int error = errno;
    return absl::InvalidArgumentError(
        absl::StrCat("cannot ", step, " ", path, ": ", std::strerror(error)));
  };
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed("create");
  absl::string_view rest = content;
  while (!rest.empty()) {
    const ssize_t n = write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const absl::Status status = failed("write");
      close(fd);
      unlink(path.c_str());
      return status;
    }
    rest.remove_prefix(static_cast<size_t>(n));
  }
  const bool synced = fsync(fd) == 0;
  if (close(fd) != 0 || !synced) return failed("write");
  return absl::OkStatus();
}

bool IsReadableByOthers(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace muster::cli
