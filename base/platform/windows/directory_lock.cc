#include "base/platform/directory_lock.h"

#include <windows.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/windows/file_content.h"
#include "base/status_macros.h"

namespace muster {
namespace {

std::string HolderIn(const Handle& file, const std::string& path) {
  std::string text;
  if (!ReadAll(file, 32, path, text).ok()) text.clear();
  const absl::string_view holder = absl::StripAsciiWhitespace(text);
  return holder.empty() ? "another process" : absl::StrCat("process ", holder);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(
    const std::string& directory) {
  const std::string path = directory + "/LOCK";
  ASSIGN_OR_RETURN(Handle file, OpenToLock(path));
  if (!LockWhole(file)) {
    const DWORD error = GetLastError();
    if (error != ERROR_LOCK_VIOLATION && error != ERROR_IO_PENDING) {
      return WindowsError(error, "lock", path);
    }
    return FailureStatus(FailureCode::kSystemDataDirBusy,
                         absl::StrCat(HolderIn(file, path), " works in ", directory));
  }
  // The number only serves the message above; the lock holds without it, also on a full disk.
  const std::string pid = absl::StrCat(GetCurrentProcessId(), "\n");
  DWORD written = 0;
  if (SetEndOfFile(file.get())) {
    WriteFile(file.get(), pid.data(), static_cast<DWORD>(pid.size()), &written, nullptr);
  }
  return std::unique_ptr<DirectoryLock>(
      new DirectoryLock(reinterpret_cast<intptr_t>(file.Release())));
}

DirectoryLock::~DirectoryLock() { CloseHandle(reinterpret_cast<HANDLE>(handle_)); }

}  // namespace muster
