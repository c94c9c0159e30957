// Answers as JSON and YAML for programs.
#ifndef MUSTER_ORCHESTRATOR_CLI_STRUCTURED_TEXT_H_
#define MUSTER_ORCHESTRATOR_CLI_STRUCTURED_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "orchestrator/cli/table.h"

namespace google::protobuf {
class Message;
}

namespace muster::cli {

// Protobuf JSON with the proto's field names, indented, fields without a value included, states and
// kinds as their words ("in_doubt"; "" where there is none), map keys in order: the same message is
// always the same text.
std::string ToJson(const google::protobuf::Message& message);
// A list of objects, one for each row, for answers that no message describes.
std::string ToJson(const Table& table);
// The same value as block YAML. `json` must be valid.
std::string JsonToYaml(absl::string_view json);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_STRUCTURED_TEXT_H_
