#include "base/platform/private_file.h"

#include <windows.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/access.h"
#include "base/platform/windows/file_content.h"
#include "base/random.h"
#include "base/status_macros.h"

namespace muster {
namespace {

absl::Status CheckOwner(const Access& access, const std::string& path) {
  if (IsOurs(access.owner)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(path, " belongs to ", AccountText(access.owner),
                   "; it must belong to LocalSystem, Administrators or the account that runs this "
                   "program: ",
                   MendingCommand(path)));
}

absl::Status CheckNobodyElse(const Access& access, uint32_t rights, absl::string_view can,
                             const std::string& path) {
  const std::optional<SidText> other = OtherWith(access, rights, IsOurs);
  if (!other.has_value()) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(AccountText(*other), " can ", can, " ", path, ": ", MendingCommand(path)));
}

absl::Status CheckOwnerOnly(const Access& access, const std::string& path) {
  RETURN_IF_ERROR(CheckOwner(access, path));
  return CheckNobodyElse(access, kReadsFile | kChangesFile, "reach", path);
}

bool IsPlain(const Handle& file) {
  BY_HANDLE_FILE_INFORMATION info{};
  return GetFileType(file.get()) == FILE_TYPE_DISK &&
         GetFileInformationByHandle(file.get(), &info) &&
         (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

}  // namespace

absl::Status CreatePrivateFile(const std::string& path, const Secret& content) {
  // Beside it, and renamed without replacing: after a crash it is there whole or not at all.
  const std::string draft = absl::StrCat(path, ".", SystemRandom().Base32(8));
  absl::Status status;
  {
    auto file = CreateClosed(draft, FileAccess::kOwnerOnly);
    if (!file.ok()) return file.status();
    status = WriteAndFlush(*file, content.Reveal(), path);
  }
  if (status.ok()) status = Rename(draft, path, /*replace=*/false);
  if (!status.ok()) DeleteFileW(Wide(draft).c_str());
  return status;
}

absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, FileReach reach, size_t max_bytes) {
  if (IsDirectory(path)) return absl::InvalidArgumentError(absl::StrCat(path, " is no plain file"));
  ASSIGN_OR_RETURN(const Handle file, OpenToRead(path));
  if (!IsPlain(file)) return absl::InvalidArgumentError(absl::StrCat(path, " is no plain file"));
  if (reach == FileReach::kOwnerOnly) {
    ASSIGN_OR_RETURN(const Access access, ReadAccess(file.get(), path));
    RETURN_IF_ERROR(CheckOwnerOnly(access, path));
  }
  std::string bytes;
  bytes.reserve(max_bytes + 1);
  const absl::Status status = ReadAll(file, max_bytes, path, bytes);
  if (status.ok()) return Secret::Take(std::move(bytes));
  Wipe(bytes);
  if (!absl::IsResourceExhausted(status)) return status;
  return absl::InvalidArgumentError(status.message());
}

absl::Status CheckUnreachableByOthers(const std::string& path) {
  const auto file = OpenToLook(path);
  if (!file.ok()) return absl::OkStatus();
  const auto access = ReadAccess(file->get(), path);
  if (!access.ok()) return absl::OkStatus();
  // Rights to what is inside do not depend on the directory's here: each file is looked at itself.
  return CheckOwnerOnly(*access, path);
}

absl::Status CheckOursAlone(const std::string& directory) {
  ASSIGN_OR_RETURN(const Handle handle, OpenToLook(directory));
  if (!IsDirectory(directory)) {
    return absl::FailedPreconditionError(absl::StrCat(directory, " is not a directory"));
  }
  ASSIGN_OR_RETURN(const Access access, ReadAccess(handle.get(), directory));
  RETURN_IF_ERROR(CheckOwner(access, directory));
  return CheckNobodyElse(access, kChangesDirectory, "change what is in", directory);
}

}  // namespace muster
