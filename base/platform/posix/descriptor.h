// A file descriptor that is closed with its owner, and what an errno means to a caller.
#ifndef MUSTER_BASE_PLATFORM_POSIX_DESCRIPTOR_H_
#define MUSTER_BASE_PLATFORM_POSIX_DESCRIPTOR_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

// "cannot STEP PATH: REASON" with the code for `error`: NotFound, FailedPrecondition (a
// file where a directory should be), AlreadyExists, PermissionDenied, ResourceExhausted (disk,
// quota, descriptors), else Unavailable.
absl::Status FileError(int error, absl::string_view step, const std::string& path);

// Writes all of `content` and flushes it to the disk. The status names `path`.
absl::Status WriteAndFlush(int fd, absl::string_view content, const std::string& path);

// Reads `fd` to its end into `content`, which is replaced: at most `max_bytes`, else
// ResourceExhausted. Moves `content` only when it has less room than max_bytes + 1: who reads a
// secret reserves that, and wipes it whatever comes out. The status names `path`.
absl::Status ReadAll(int fd, size_t max_bytes, const std::string& path, std::string& content);

// Makes a new name in the directory of `path` survive a power cut.
absl::Status FlushDirectoryOf(const std::string& path);

// "/a" of "/a/b", "." of "b".
std::string ParentOf(const std::string& path);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_POSIX_DESCRIPTOR_H_
