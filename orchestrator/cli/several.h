// One call for each of several servers: what worked is printed together, what did not is told one
// by one, and the exit code says which of both happened.
//
//   all done          0
//   some refused      6
//   all refused       the code of the first refusal
#ifndef MUSTER_ORCHESTRATOR_CLI_SEVERAL_H_
#define MUSTER_ORCHESTRATOR_CLI_SEVERAL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/context.h"
#include "orchestrator/cli/exit_code.h"

namespace muster::cli {

struct Several {
  v1::ListServersResponse done;  // In the order of the arguments.
  ExitCode code = ExitCode::kOk;
};

// Calls once for each server. An error of the only one is returned; one of several is told on the
// standard error and the next server follows. When the orchestrator is not reached any more, that is
// the error, and the standard error says what was done before and what was not asked for.
absl::StatusOr<Several> CallForEach(
    Context& context, const std::vector<std::string>& servers,
    const std::function<absl::StatusOr<v1::Server>(Client&, const std::string&)>& call);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SEVERAL_H_
