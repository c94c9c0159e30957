// Secrets as operators hand them in: files that editors and shells wrote, standard input.
#ifndef MUSTER_ORCHESTRATOR_CLI_SECRET_TEXT_H_
#define MUSTER_ORCHESTRATOR_CLI_SECRET_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

// The one line that the content holds, without its line break. InvalidArgument with the reason,
// which never shows the content: "is empty", "has a space at its end", "begins with U+FEFF (byte
// order mark)", "is UTF-16 text". A secret with an invisible character is a mistake of copying:
// what the hub has does not end in one.
absl::StatusOr<std::string> SecretOf(absl::string_view content);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SECRET_TEXT_H_
