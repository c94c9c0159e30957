#include "worker/platform/linux/trusted_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/files.h"
#include "base/platform/posix/descriptor.h"
#include "base/redact.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr int kMostLinks = 20;

absl::Status Untrusted(absl::string_view what) {
  return FailureStatus(FailureCode::kServiceUntrusted, what);
}

absl::Status CheckOwner(const struct stat& info, const std::string& path,
                        const IsTrustedUid& trusted) {
  if (trusted(info.st_uid)) return absl::OkStatus();
  return Untrusted(absl::StrCat(path, " belongs to ", AccountText(info.st_uid),
                                ", who is neither root nor the service's account"));
}

absl::Status CheckMode(const struct stat& info, const std::string& path) {
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return absl::OkStatus();
  return Untrusted(absl::StrFormat("others than its owner can write to %s (mode %04o)", path,
                                   info.st_mode & 07777));
}

std::string KindText(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe (FIFO)";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "something else";
}

absl::StatusOr<struct stat> Look(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return FileError(errno, "look at", path);
  return info;
}

absl::StatusOr<std::string> LinkTarget(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return FileError(errno, "read the link", path);
  return std::string(target.data(), static_cast<size_t>(size));
}

void PushFront(absl::string_view path, std::deque<std::string>& names) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  names.insert(names.begin(), parts.begin(), parts.end());
}

absl::Status CheckWay(const std::string& directory, const IsTrustedUid& trusted) {
  ASSIGN_OR_RETURN(const struct stat info, Look(directory));
  RETURN_IF_ERROR(CheckOwner(info, directory, trusted));
  // With the sticky bit only an entry's owner can replace it, and that one is checked as well.
  return (info.st_mode & S_ISVTX) != 0 ? absl::OkStatus() : CheckMode(info, directory);
}

absl::Status CheckPlainFile(const struct stat& info, const std::string& path,
                            const IsTrustedUid& trusted) {
  if (!S_ISREG(info.st_mode)) {
    return Untrusted(absl::StrCat(path, " is ", KindText(info.st_mode), ", no plain file"));
  }
  RETURN_IF_ERROR(CheckOwner(info, path, trusted));
  return CheckMode(info, path);
}

// Calls `visit` with name and number of each account until it returns true.
template <typename Visit>
void ForEachAccount(Visit visit) {
  // Not getpwnam: a static program has no name service.
  const absl::StatusOr<std::string> text = ReadWholeFile("/etc/passwd", 4 << 20);
  if (!text.ok()) return;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    uint32_t uid = 0;
    if (fields.size() < 3 || fields[0].empty() || !absl::SimpleAtoi(fields[2], &uid)) continue;
    if (visit(fields[0], uid)) return;
  }
}

}  // namespace

std::string AccountText(uint32_t uid) {
  std::string text = absl::StrCat("user ", uid);
  ForEachAccount([&](absl::string_view name, uint32_t number) {
    if (number != uid) return false;
    absl::StrAppend(&text, " (", CleanLine(name), ")");
    return true;
  });
  return text;
}

int64_t UidOf(const std::string& account) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(account, &number)) return number;
  int64_t found = -1;
  ForEachAccount([&](absl::string_view name, uint32_t uid) {
    if (name == account) found = uid;
    return found >= 0;
  });
  return found;
}

absl::StatusOr<std::string> FollowTrustedPath(const std::string& path,
                                              const IsTrustedUid& trusted) {
  std::deque<std::string> names;
  PushFront(path, names);
  if (path.empty() || path[0] != '/') {
    std::array<char, PATH_MAX> here;
    if (getcwd(here.data(), here.size()) == nullptr) return FileError(errno, "find", ".");
    PushFront(here.data(), names);
  }
  std::string reached;  // "" is the root.
  RETURN_IF_ERROR(CheckWay("/", trusted));
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == ".") continue;
    if (name == "..") {
      reached = reached.substr(0, reached.rfind('/') == std::string::npos ? 0 : reached.rfind('/'));
      continue;
    }
    const std::string next = absl::StrCat(reached, "/", name);
    ASSIGN_OR_RETURN(const struct stat info, Look(next));
    if (S_ISLNK(info.st_mode)) {
      RETURN_IF_ERROR(CheckOwner(info, next, trusted));
      if (++links > kMostLinks)
        return Untrusted(absl::StrCat(path, " leads through links for ever"));
      ASSIGN_OR_RETURN(const std::string target, LinkTarget(next));
      if (!target.empty() && target[0] == '/') reached.clear();
      PushFront(target, names);
      continue;
    }
    if (!names.empty()) {
      if (!S_ISDIR(info.st_mode)) {
        return Untrusted(absl::StrCat(next, " is ", KindText(info.st_mode), ", no directory"));
      }
      RETURN_IF_ERROR(CheckWay(next, trusted));
    }
    reached = next;
  }
  return reached.empty() ? "/" : reached;
}

absl::StatusOr<std::string> FollowTrustedFolder(const std::string& path,
                                                const IsTrustedUid& trusted) {
  ASSIGN_OR_RETURN(const std::string end, FollowTrustedPath(path, trusted));
  ASSIGN_OR_RETURN(const struct stat info, Look(end));
  if (!S_ISDIR(info.st_mode)) {
    return Untrusted(absl::StrCat(
        end, " is ", S_ISREG(info.st_mode) ? "a file" : KindText(info.st_mode), ", no directory"));
  }
  RETURN_IF_ERROR(CheckOwner(info, end, trusted));
  RETURN_IF_ERROR(CheckMode(info, end));
  return end;
}

absl::StatusOr<std::string> FollowTrustedFile(const std::string& path,
                                              const IsTrustedUid& trusted) {
  ASSIGN_OR_RETURN(const std::string end, FollowTrustedPath(path, trusted));
  ASSIGN_OR_RETURN(const struct stat info, Look(end));
  RETURN_IF_ERROR(CheckPlainFile(info, end, trusted));
  return end;
}

absl::StatusOr<std::string> ReadTrustedFile(const std::string& path, size_t max_bytes,
                                            const IsTrustedUid& trusted) {
  // Before it is opened, too: opening a device may do something.
  ASSIGN_OR_RETURN(struct stat info, Look(path));
  RETURN_IF_ERROR(CheckPlainFile(info, path, trusted));
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.ok()) return FileError(errno, "open", path);
  if (fstat(file.get(), &info) != 0) return FileError(errno, "look at", path);
  RETURN_IF_ERROR(CheckPlainFile(info, path, trusted));
  std::string content;
  RETURN_IF_ERROR(ReadAll(file.get(), max_bytes, path, content));
  return content;
}

}  // namespace muster::worker
