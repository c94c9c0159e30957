#include "worker/platform/windows/trusted_path.h"

#include <windows.h>

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/windows/file_content.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

absl::Status Untrusted(absl::string_view what) {
  return FailureStatus(FailureCode::kServiceUntrusted, what);
}

absl::Status CheckAccess(const Handle& handle, const std::string& path, uint32_t rights,
                         absl::string_view can, const IsTrustedSid& trusted) {
  ASSIGN_OR_RETURN(const Access access, ReadAccess(handle.get(), path));
  if (!trusted(access.owner)) {
    return Untrusted(absl::StrCat(path, " belongs to ", AccountText(access.owner),
                                  ", who is neither an administrator nor the service's account"));
  }
  if (const std::optional<SidText> other = OtherWith(access, rights, trusted)) {
    return Untrusted(absl::StrCat(AccountText(*other), " can ", can, " ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<DWORD> AttributesOf(const Handle& handle, const std::string& path) {
  BY_HANDLE_FILE_INFORMATION info{};
  if (!GetFileInformationByHandle(handle.get(), &info)) {
    return WindowsError(GetLastError(), "look at", path);
  }
  return info.dwFileAttributes;
}

absl::Status CheckFolder(const std::string& path, const IsTrustedSid& trusted) {
  ASSIGN_OR_RETURN(const Handle folder, OpenToLook(path));
  ASSIGN_OR_RETURN(const DWORD attributes, AttributesOf(folder, path));
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return Untrusted(absl::StrCat(path, " is a link"));
  }
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return Untrusted(absl::StrCat(path, " is a file, no directory"));
  }
  return CheckAccess(folder, path, kReplacesEntries, "replace what is in", trusted);
}

absl::Status CheckPlainFile(const Handle& file, const std::string& path,
                            const IsTrustedSid& trusted) {
  ASSIGN_OR_RETURN(const DWORD attributes, AttributesOf(file, path));
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return Untrusted(absl::StrCat(path, " is a link, no plain file"));
  }
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return Untrusted(absl::StrCat(path, " is a directory, no plain file"));
  }
  return CheckAccess(file, path, kChangesFile, "write to", trusted);
}

// "C:\a\b" for "C:/a/./b" and for what is relative.
absl::StatusOr<std::string> FullPath(const std::string& path) {
  std::vector<wchar_t> buffer(32768);
  const DWORD size = GetFullPathNameW(Wide(path).c_str(), static_cast<DWORD>(buffer.size()),
                                      buffer.data(), nullptr);
  std::string full = size > 0 && size < buffer.size() ? Narrow(buffer.data()) : "";
  while (full.size() > 3 && full.back() == '\\') full.pop_back();
  // A drive of this machine: what is on another's disk is in another's hands.
  const bool local = full.size() >= 3 && full[1] == ':' && full[2] == '\\' &&
                     GetDriveTypeW(Wide(full.substr(0, 3)).c_str()) != DRIVE_REMOTE;
  if (!local) return Untrusted(absl::StrCat(path, " is on no drive of this machine"));
  return full;
}

// Of what leads to `full`, from the drive on.
absl::Status CheckWay(const std::string& full, const IsTrustedSid& trusted) {
  for (size_t slash = full.find('\\'); slash != std::string::npos;
       slash = full.find('\\', slash + 1)) {
    if (slash + 1 == full.size()) break;  // The drive alone, which is the end itself.
    RETURN_IF_ERROR(CheckFolder(full.substr(0, slash == 2 ? 3 : slash), trusted));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTrustedFolder(const std::string& path, const IsTrustedSid& trusted) {
  ASSIGN_OR_RETURN(const std::string full, FullPath(path));
  RETURN_IF_ERROR(CheckWay(full, trusted));
  return CheckFolder(full, trusted);
}

absl::Status CheckTrustedFile(const std::string& path, const IsTrustedSid& trusted) {
  ASSIGN_OR_RETURN(const std::string full, FullPath(path));
  RETURN_IF_ERROR(CheckWay(full, trusted));
  ASSIGN_OR_RETURN(const Handle file, OpenToLook(full));
  return CheckPlainFile(file, full, trusted);
}

absl::StatusOr<std::string> ReadTrustedFile(const std::string& path, size_t max_bytes,
                                            const IsTrustedSid& trusted) {
  const Handle file(CreateFileW(
      Wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
      nullptr, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!file.ok()) return WindowsError(GetLastError(), "open", path);
  RETURN_IF_ERROR(CheckPlainFile(file, path, trusted));
  std::string content;
  RETURN_IF_ERROR(ReadAll(file, max_bytes, path, content));
  return content;
}

}  // namespace muster::worker
