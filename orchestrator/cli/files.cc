#include "orchestrator/cli/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/platform/file_sync.h"
#include "base/platform/private_file.h"
#include "base/secret.h"
#include "base/status_macros.h"

namespace muster::cli {

absl::StatusOr<std::string> ReadStream(std::istream& in, size_t max_bytes) {
  std::string content;
  char block[1 << 14];
  while (in.read(block, sizeof(block)), in.gcount() > 0) {
    content.append(block, static_cast<size_t>(in.gcount()));
    if (content.size() > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("it is larger than ", max_bytes >> 10, " KiB"));
    }
  }
  return content;
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": it is a directory"));
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read ", path, ": ", errno != 0 ? std::strerror(errno) : "it cannot be opened"));
  }
  auto content = ReadStream(in, max_bytes);
  if (!content.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path, ": ", content.status().message()));
  }
  return content;
}

absl::Status WritePrivateFile(const std::string& path, absl::string_view content) {
  const absl::Status made = CreatePrivateFile(path, Secret::CopyOf(content));
  return made.ok() ? made : absl::InvalidArgumentError(made.message());
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " exists already; nothing is overwritten, choose another name"));
  }
  const std::string part = path + ".part";
  const absl::Status made = CreatePrivateFile(part, Secret());
  if (absl::IsAlreadyExists(made)) {
    return absl::InvalidArgumentError(absl::StrCat(
        part, " is there: another command writes it, or one was cut off. Remove it then."));
  }
  if (!made.ok()) return absl::InvalidArgumentError(made.message());
  auto file = absl::WrapUnique(new NewFile(path));
  file->out_.open(file->part_, std::ios::binary | std::ios::trunc);
  return file;
}

NewFile::~NewFile() {
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

absl::Status NewFile::Append(absl::string_view piece) {
  out_.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  return out_ ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", part_));
}

absl::Status NewFile::Close() {
  out_.close();
  if (!out_) return absl::UnavailableError(absl::StrCat("cannot write ", part_));
  ASSIGN_OR_RETURN(const auto sync, FileSync::Open(part_));
  return sync->Sync();
}

absl::Status NewFile::Keep() {
  std::error_code error;
  std::filesystem::create_hard_link(part_, path_, error);  // Unlike a rename it overwrites nothing.
  if (!error) return absl::OkStatus();                     // The other name goes with this.
  std::error_code ignored;
  if (std::filesystem::exists(path_, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path_, " exists already"));
  }
  std::filesystem::rename(part_, path_, error);  // A disk without hard links.
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path_, ": ", error.message()));
}

}  // namespace muster::cli
