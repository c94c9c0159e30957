#include "base/platform/windows/file_content.h"

#include <windows.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/access.h"

namespace muster {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr int kRenameTries = 20;
constexpr DWORD kRenamePauseMs = 50;

absl::StatusOr<Handle> Open(const std::string& path, DWORD rights, DWORD disposition, DWORD flags,
                            absl::string_view step, ClosedAccess* access) {
  Handle file(CreateFileW(
      Wide(path).c_str(), rights, kShareAll,
      access == nullptr ? nullptr : static_cast<SECURITY_ATTRIBUTES*>(access->attributes()),
      disposition, flags, nullptr));
  if (!file.ok()) return WindowsError(GetLastError(), step, path);
  return file;
}

}  // namespace

absl::StatusOr<Handle> OpenToRead(const std::string& path) {
  return Open(path, GENERIC_READ, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, "open", nullptr);
}

absl::StatusOr<Handle> OpenToLook(const std::string& path) {
  return Open(path, READ_CONTROL | FILE_READ_ATTRIBUTES, OPEN_EXISTING,
              FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, "look at", nullptr);
}

absl::StatusOr<Handle> CreateClosed(const std::string& path, FileAccess access) {
  ClosedAccess closed(access);
  return Open(path, GENERIC_WRITE | DELETE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, "create", &closed);
}

absl::StatusOr<Handle> OpenToLock(const std::string& path) {
  ClosedAccess closed(FileAccess::kOwnerOnly);
  return Open(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, "open",
              &closed);
}

bool LockWhole(const Handle& file) {
  // One byte far behind any content: a lock here keeps others from the bytes it is on.
  OVERLAPPED place{};
  place.OffsetHigh = 0x40000000;
  return LockFileEx(file.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                    &place) != 0;
}

absl::Status WriteAndFlush(const Handle& file, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    DWORD written = 0;
    const DWORD size = static_cast<DWORD>(std::min<size_t>(content.size(), 1 << 30));
    if (!WriteFile(file.get(), content.data(), size, &written, nullptr)) {
      return WindowsError(GetLastError(), "write", path);
    }
    content.remove_prefix(written);
  }
  return FlushFileBuffers(file.get()) ? absl::OkStatus()
                                      : WindowsError(GetLastError(), "write", path);
}

absl::Status ReadAll(const Handle& file, size_t max_bytes, const std::string& path,
                     std::string& content) {
  constexpr size_t kPart = 8192;
  content.clear();
  while (true) {
    const size_t size = content.size();
    content.resize(std::min(std::max(size + kPart, content.capacity()), max_bytes + 1));
    DWORD got = 0;
    const bool read = ReadFile(file.get(), content.data() + size,
                               static_cast<DWORD>(content.size() - size), &got, nullptr) != 0;
    const DWORD error = GetLastError();
    content.resize(size + (read ? got : 0));
    if (!read) return WindowsError(error, "read", path);
    if (got == 0) return absl::OkStatus();
    if (content.size() > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
    }
  }
}

absl::Status Rename(const std::string& from, const std::string& to, bool replace) {
  const DWORD flags = MOVEFILE_WRITE_THROUGH | (replace ? MOVEFILE_REPLACE_EXISTING : 0);
  for (int tries = 1;; ++tries) {
    if (MoveFileExW(Wide(from).c_str(), Wide(to).c_str(), flags)) return absl::OkStatus();
    const DWORD error = GetLastError();
    const bool held = error == ERROR_SHARING_VIOLATION || error == ERROR_ACCESS_DENIED;
    if (!held || tries == kRenameTries) {
      return WindowsError(error, replace ? "replace" : "create", to);
    }
    Sleep(kRenamePauseMs);
  }
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of("/\\");
  if (slash == std::string::npos) return ".";
  const bool root = slash == 0 || (slash == 2 && path[1] == ':');
  return root ? path.substr(0, slash + 1) : path.substr(0, slash);
}

}  // namespace muster
