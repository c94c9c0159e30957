// What `muster` tells the shell. The numbers are documented in docs/cli.md and stable.
#ifndef MUSTER_ORCHESTRATOR_CLI_EXIT_CODE_H_
#define MUSTER_ORCHESTRATOR_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace muster::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         // The orchestrator refused or failed.
  kUsage = 2,          // The command line, a file or a setting is wrong; nothing was changed.
  kUnreachable = 3,    // No answer from the orchestrator.
  kForbidden = 4,      // Not an operator, or the role does not cover this.
  kNotAllWell = 5,     // Done, and the answer is bad news: failed targets, a failed check.
  kRefusedInPart = 6,  // Rows of an import file, or some of several servers, were refused.
  kInterrupted = 130,  // Ctrl-C while watching; what is watched goes on.
};

// The exit code for a failed command.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_EXIT_CODE_H_
