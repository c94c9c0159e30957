#include "base/platform/files.h"

#include <windows.h>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/access.h"
#include "base/platform/windows/file_content.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"

namespace muster {

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(const Handle file, OpenToRead(path));
  std::string content;
  RETURN_IF_ERROR(ReadAll(file, max_bytes, path, content));
  return content;
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view content,
                                 FileAccess access) {
  const std::string temporary = path + ".new";
  // A leftover of a crash may have other rights; it is not reused.
  if (!DeleteFileW(Wide(temporary).c_str()) && GetLastError() != ERROR_FILE_NOT_FOUND) {
    return WindowsError(GetLastError(), "remove", temporary);
  }
  {
    ASSIGN_OR_RETURN(const Handle file, CreateClosed(temporary, access));
    RETURN_IF_ERROR(WriteAndFlush(file, content, temporary));
  }
  return Rename(temporary, path, /*replace=*/true);
}

absl::Status MakePrivateDirectory(const std::string& path) {
  if (IsDirectory(path)) return absl::OkStatus();
  const std::string parent = ParentOf(path);
  if (parent != path && !IsDirectory(parent)) RETURN_IF_ERROR(MakePrivateDirectory(parent));
  ClosedAccess closed(FileAccess::kOwnerOnly);
  if (!CreateDirectoryW(Wide(path).c_str(),
                        static_cast<SECURITY_ATTRIBUTES*>(closed.attributes())) &&
      GetLastError() != ERROR_ALREADY_EXISTS) {
    return WindowsError(GetLastError(), "create", path);
  }
  if (!IsDirectory(path)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a directory"));
  }
  return absl::OkStatus();
}

bool IsDirectory(const std::string& path) {
  const DWORD attributes = GetFileAttributesW(Wide(path).c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::TryAcquire(const std::string& path) {
  ASSIGN_OR_RETURN(Handle file, OpenToLock(path));
  if (!LockWhole(file)) {
    const DWORD error = GetLastError();
    return error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING
               ? absl::AbortedError(absl::StrCat(path, " is locked"))
               : WindowsError(error, "lock", path);
  }
  return std::unique_ptr<FileLock>(new FileLock(reinterpret_cast<intptr_t>(file.Release())));
}

FileLock::~FileLock() { CloseHandle(reinterpret_cast<HANDLE>(handle_)); }

}  // namespace muster
