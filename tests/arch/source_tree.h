// The source tree as text, for the tests that read it.
#ifndef MUSTER_TESTS_ARCH_SOURCE_TREE_H_
#define MUSTER_TESTS_ARCH_SOURCE_TREE_H_

#include <string>
#include <vector>

namespace muster::arch {

struct SourceFile {
  std::string path;  // From the top: "base/clock.h".
  std::vector<std::string> lines;
};

// Every .h, .cc and .inc below the given top folders, in order of path.
std::vector<SourceFile> ReadSources(const std::vector<std::string>& folders);
// The same for other endings (".md"); the folder "" is the top itself without what lies in
// its folders.
std::vector<SourceFile> ReadFiles(const std::vector<std::string>& folders,
                                  const std::vector<std::string>& extensions);
// The lines of one file, by its path from the top. A missing file fails the test that asks.
std::vector<std::string> ReadLines(const std::string& path);

struct Include {
  std::string path;  // As written between <> or "".
  int line = 0;
};
std::vector<Include> IncludesOf(const SourceFile& file);

}  // namespace muster::arch

#endif  // MUSTER_TESTS_ARCH_SOURCE_TREE_H_
