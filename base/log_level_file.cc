#include "base/log_level_file.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/platform/files.h"
#include "base/redact.h"

namespace muster::log {

void ApplyLevelFile(const std::string& directory, Level otherwise) {
  const std::string path = absl::StrCat(directory, "/log-level");
  const absl::StatusOr<std::string> text = ReadWholeFile(path, 64);
  if (absl::IsNotFound(text.status())) return SetLevel(otherwise);
  if (!text.ok()) {
    return Warning("log level not read; it stays",
                   {{"reason", text.status()}, {"level", LevelName(LeastLevel())}});
  }
  const auto level = FindLevel(absl::StripAsciiWhitespace(*text));
  if (level.has_value()) return SetLevel(*level);
  Warning("log level not changed: the file must say debug, info, warning or error",
          {{"file", path}, {"says", CleanLine(*text, 32)}, {"level", LevelName(LeastLevel())}});
}

}  // namespace muster::log
