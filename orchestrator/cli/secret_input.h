// A secret that an operator hands in with a flag that names a file.
#ifndef MUSTER_ORCHESTRATOR_CLI_SECRET_INPUT_H_
#define MUSTER_ORCHESTRATOR_CLI_SECRET_INPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "orchestrator/cli/environment.h"

namespace muster::cli {

// What the file holds, as SecretOf (secret_text.h); "-": standard input, unseen on a terminal.
absl::StatusOr<std::string> ReadSecret(CliEnvironment& environment, const std::string& file);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SECRET_INPUT_H_
