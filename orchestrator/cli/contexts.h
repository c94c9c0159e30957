// Several orchestrators by name: ~/.config/muster/contexts, and the verbs that keep it.
//
//   current: prod
//   contexts:
//     - name: prod
//       operator_dir: /home/ada/muster-prod
//     - name: lab
//       socket: /run/muster/admin.sock
#ifndef MUSTER_ORCHESTRATOR_CLI_CONTEXTS_H_
#define MUSTER_ORCHESTRATOR_CLI_CONTEXTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/config/v1/contexts.pb.h"
#include "orchestrator/cli/environment.h"

namespace muster::cli {

// The path of the file; empty where there is no home directory.
std::string ContextsPath(const CliEnvironment& environment);
// The file's content, nothing when there is none. InvalidArgument with every problem of it.
absl::StatusOr<config::v1::Contexts> ReadContexts(const CliEnvironment& environment);
// Replaces the file as a whole, readable by its owner alone.
absl::Status WriteContexts(const config::v1::Contexts& contexts, const CliEnvironment& environment);
// InvalidArgument with what was probably meant when there is none of that name.
absl::StatusOr<config::v1::Context> FindContext(const std::string& name,
                                                const CliEnvironment& environment);
// For completion: empty also when the file cannot be read.
std::vector<std::string> ContextNames(const CliEnvironment& environment);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CONTEXTS_H_
