// Asking before something is gone for good.
#ifndef MUSTER_ORCHESTRATOR_CLI_CONFIRM_H_
#define MUSTER_ORCHESTRATOR_CLI_CONFIRM_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "orchestrator/cli/context.h"

namespace CLI {
class App;
}

namespace muster::cli {

// The flag --yes of a verb that asks.
void AddYesFlag(CLI::App& verb, bool& yes);
// OK with --yes, or when the person at the terminal answers "y" or "yes" to `what` ("Zone a/b goes
// for good."). InvalidArgument otherwise: nothing was changed, and how to go on without a terminal.
absl::Status Confirm(Context& context, bool yes, absl::string_view what);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_CONFIRM_H_
