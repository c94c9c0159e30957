// Files that an operator names on the command line.
#ifndef MUSTER_ORCHESTRATOR_CLI_FILES_H_
#define MUSTER_ORCHESTRATOR_CLI_FILES_H_

#include <istream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

// The whole file. InvalidArgument with the path and the reason when it cannot be read or is larger
// than `max_bytes`: the operator named the wrong file.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);
// All of the stream up to `max_bytes`; InvalidArgument when there is more.
absl::StatusOr<std::string> ReadStream(std::istream& in, size_t max_bytes);

// Creates a file that only its owner may read, writes and syncs it. InvalidArgument when the path
// exists already or cannot be created: nothing is overwritten.
absl::Status WritePrivateFile(const std::string& path, absl::string_view content);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_FILES_H_
