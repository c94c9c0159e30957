// What a folder holds, for tests of "nothing was changed".
#ifndef MUSTER_TESTS_INTEGRATION_FOLDER_CONTENT_H_
#define MUSTER_TESTS_INTEGRATION_FOLDER_CONTENT_H_

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace muster {

// Paths of everything below it with the content of files. Without LOCK, which says who came last,
// and without what SQLite makes for reading: an index of the log, and a log that holds nothing.
inline std::map<std::string, std::string> FolderContent(const std::string& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (entry.path().filename() == "LOCK" || extension.ends_with("-shm")) continue;
    if (extension.ends_with("-wal") && entry.file_size() == 0) continue;
    std::ostringstream content;
    if (entry.is_regular_file()) content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    found[entry.path().string()] = content.str();
  }
  return found;
}

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_FOLDER_CONTENT_H_
