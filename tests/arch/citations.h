// Citations in comments and documents, and what they may lead to. What a reader is sent to must be
// there: a section of docs/certify.md, a row of its doubles, an invariant of docs/architecture.md,
// a page, a heading.
#ifndef MUSTER_TESTS_ARCH_CITATIONS_H_
#define MUSTER_TESTS_ARCH_CITATIONS_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/arch/source_tree.h"

namespace muster::arch {

// What can be cited.
struct Citable {
  std::set<std::string> sections;    // Of certify.md: "4", "4.4".
  std::set<std::string> rows;        // Of its doubles: "H-5".
  std::set<std::string> invariants;  // "9".
  // Whether the path, from the top of the tree, is a file.
  std::function<bool(const std::string& path)> exists;
  // The anchors of a page ("44-instances"); empty for a file that is no page.
  std::function<std::set<std::string>(const std::string& path)> anchors;
};
Citable CitableOfTheTree();

// The anchor that a heading gets ("### 4.4 Instances" → "44-instances").
std::string AnchorOf(const std::string& heading);

// Citations of the file that lead nowhere, each as a sentence. Text that is wrapped is read as one.
std::vector<std::string> DeadCitations(const SourceFile& file, const Citable& citable);

}  // namespace muster::arch

#endif  // MUSTER_TESTS_ARCH_CITATIONS_H_
