#include "orchestrator/cli/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/platform/private_file.h"

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

}  // namespace muster::cli
