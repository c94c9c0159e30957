#include "tests/arch/source_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace muster::arch {

namespace fs = std::filesystem;

namespace {

void Read(const fs::path& path, const fs::path& top, const std::vector<std::string>& extensions,
          std::vector<SourceFile>& files) {
  if (std::find(extensions.begin(), extensions.end(), path.extension().string()) ==
      extensions.end()) {
    return;
  }
  SourceFile file{fs::relative(path, top).generic_string(), {}};
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) file.lines.push_back(line);
  files.push_back(std::move(file));
}

}  // namespace

std::vector<SourceFile> ReadSources(const std::vector<std::string>& folders) {
  return ReadFiles(folders, {".h", ".cc", ".inc"});
}

std::vector<SourceFile> ReadFiles(const std::vector<std::string>& folders,
                                  const std::vector<std::string>& extensions) {
  std::vector<SourceFile> files;
  const fs::path top = MUSTER_SOURCE_DIR;
  for (const std::string& folder : folders) {
    const fs::path place = folder.empty() ? top : top / folder;
    if (folder.empty()) {
      for (const auto& entry : fs::directory_iterator(place)) {
        if (entry.is_regular_file()) Read(entry.path(), top, extensions, files);
      }
    } else if (fs::is_directory(place)) {
      for (const auto& entry : fs::recursive_directory_iterator(place)) {
        if (entry.is_regular_file()) Read(entry.path(), top, extensions, files);
      }
    }
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(fs::path(MUSTER_SOURCE_DIR) / path);
  EXPECT_TRUE(in.is_open()) << path;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Include> IncludesOf(const SourceFile& file) {
  std::vector<Include> includes;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    absl::string_view line = absl::StripLeadingAsciiWhitespace(file.lines[i]);
    if (!absl::ConsumePrefix(&line, "#include")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.size() < 2 || (line[0] != '<' && line[0] != '"')) continue;
    const size_t end = line.find(line[0] == '<' ? '>' : '"', 1);
    if (end == absl::string_view::npos) continue;
    includes.push_back({std::string(line.substr(1, end - 1)), static_cast<int>(i) + 1});
  }
  return includes;
}

}  // namespace muster::arch
