#include <windows.h>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/sql/directory_lock.h"

namespace muster::sql {

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(
    const std::string& directory) {
  const std::string path = directory + "\\LOCK";
  // Others may read the holder's number, not write; the file is not inherited by child processes.
  HANDLE file = CreateFileA(path.c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, nullptr,
                            OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    if (error != ERROR_SHARING_VIOLATION) {
      return absl::FailedPreconditionError(absl::StrCat("open ", path, ": Windows error ", error));
    }
    char text[32] = {};
    DWORD size = 0;
    HANDLE reader = CreateFileA(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (reader != INVALID_HANDLE_VALUE) {
      ReadFile(reader, text, sizeof(text) - 1, &size, nullptr);
      CloseHandle(reader);
    }
    return FailureStatus(FailureCode::kSystemDataDirBusy,
                         absl::StrCat(size > 0 ? absl::StrCat("process ", text) : "another process",
                                      " works in ", directory));
  }
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(reinterpret_cast<intptr_t>(file)));
  const std::string pid = absl::StrCat(GetCurrentProcessId());
  DWORD written = 0;
  SetEndOfFile(file);
  WriteFile(file, pid.data(), static_cast<DWORD>(pid.size()), &written, nullptr);
  return lock;
}

DirectoryLock::~DirectoryLock() { CloseHandle(reinterpret_cast<HANDLE>(handle_)); }

}  // namespace muster::sql
