#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/sql/error.h"
#include "base/sql/file_sync.h"

namespace muster::sql {
namespace {

// A descriptor of its own: a file is synchronized as a whole, whoever wrote to it.
class PosixFileSync final : public FileSync {
 public:
  PosixFileSync(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PosixFileSync() override { close(fd_); }

  absl::Status Sync() override {
    int result = 0;
    do {
      result = fdatasync(fd_);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return absl::OkStatus();
    return MakeError(ErrorKind::kIo, absl::StrCat("sync ", path_, ": ", std::strerror(errno)));
  }

 private:
  const std::string path_;
  const int fd_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileSync>> FileSync::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return MakeError(ErrorKind::kIo, absl::StrCat("open ", path, ": ", std::strerror(errno)));
  }
  return std::make_unique<PosixFileSync>(path, fd);
}

}  // namespace muster::sql
