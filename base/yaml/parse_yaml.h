// YAML read into a protobuf message by the message's own description: the proto is the schema, its
// comments are the manual. Every problem is reported at once, with its place.
//
//   proto                     YAML
//   message                   mapping of field names; unknown and repeated names are errors
//   repeated                  sequence
//   map<string or number, V>  mapping
//   string                    any scalar, as it is written
//   bool                      true or false
//   numbers                   without quotes, in range
//   enum                      the value's name, with or without the enum's prefix, in any case
//   google.protobuf.Duration  "24h", "90s", "7d"
//   oneof                     at most one of its fields
//
// A field without a value (`name:`) is an error. Fields of type bytes cannot be written.
#ifndef MUSTER_BASE_YAML_PARSE_YAML_H_
#define MUSTER_BASE_YAML_PARSE_YAML_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/yaml/document.h"

namespace google::protobuf {
class Message;
}

namespace muster::yaml {

// Reads `text` into `message`, which is cleared first and is left half filled after an error.
// InvalidArgument names every problem, one per line: "file:line:column: path: reason".
absl::Status ParseYaml(absl::string_view text, absl::string_view file_name,
                       google::protobuf::Message* message);

// Where each field was written, by path.
using Positions = std::map<std::string, Position>;

// The same for callers that go on to check values of their own and report all problems together.
// Returns the problems, ordered by place; none means that all was read. `positions` may be null.
std::vector<Problem> ReadYaml(absl::string_view text, const Limits& limits,
                              google::protobuf::Message* message, Positions* positions);

// "file:line:column: path: reason".
std::string FormatProblem(absl::string_view file_name, const Problem& problem);
void SortProblems(std::vector<Problem>& problems);

}  // namespace muster::yaml

#endif  // MUSTER_BASE_YAML_PARSE_YAML_H_
