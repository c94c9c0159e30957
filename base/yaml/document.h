// The YAML that Muster accepts, as a tree with positions: one document of mappings, sequences and
// scalars. Anchors, aliases, tags, duplicate keys, several documents and keys that are not plain
// text are refused, and size, depth and number of nodes are bounded: a file of a few bytes cannot
// grow into millions of nodes. parse_yaml.h stands on it.
#ifndef MUSTER_BASE_YAML_DOCUMENT_H_
#define MUSTER_BASE_YAML_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::yaml {

// Where something stands in the file; lines and columns count from 1.
struct Position {
  int line = 1;
  int column = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

// One thing that is wrong. `path` names the field ("tenants[0].zones[1].hub_url"), empty for the
// file as a whole.
struct Problem {
  Position position;
  std::string path;
  std::string reason;
};

struct Limits {
  size_t max_bytes = 8 << 20;
  size_t max_nodes = 500'000;
  int max_depth = 32;
  size_t max_problems = 100;  // After so many the rest is not looked for.
};

enum class NodeKind { kNull, kScalar, kSequence, kMapping };

struct Node {
  NodeKind kind = NodeKind::kNull;
  Position position;
  std::string text;            // Of a scalar.
  bool quoted = false;         // Whether the scalar was written in quotes or as a block.
  std::vector<Node> children;  // Items of a sequence; values of a mapping.
  std::vector<Node> keys;      // Of a mapping, one for each child, all scalars, all different.
};

// The one document in `text`; kNull when there is none. Appends to `problems` what is wrong; after
// a syntax error the tree is empty. `problems` untouched means that all is well. Paths follow the
// scheme of Problem.
Node ParseDocument(absl::string_view text, const Limits& limits, std::vector<Problem>& problems);

// "tenants" + "zones" = "tenants.zones".
std::string ChildPath(absl::string_view path, absl::string_view key);
// "zones" + 2 = "zones[2]".
std::string ItemPath(absl::string_view path, size_t index);

}  // namespace muster::yaml

#endif  // MUSTER_BASE_YAML_DOCUMENT_H_
