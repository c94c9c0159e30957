#include "base/platform/file_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/platform/posix/descriptor.h"

namespace muster {
namespace {

// A descriptor of its own: a file is synchronized as a whole, whoever wrote to it.
class PosixFileSync final : public FileSync {
 public:
  PosixFileSync(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  absl::Status Sync() override {
    int result = 0;
    do {
      result = fdatasync(fd_.get());
    } while (result != 0 && errno == EINTR);
    return result == 0 ? absl::OkStatus() : FileError(errno, "sync", path_);
  }

 private:
  const std::string path_;
  const Descriptor fd_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileSync>> FileSync::Open(const std::string& path) {
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return FileError(errno, "open", path);
  return std::make_unique<PosixFileSync>(path, std::move(fd));
}

}  // namespace muster
