// What the commands about servers share.
#ifndef MUSTER_ORCHESTRATOR_CLI_SERVER_H_
#define MUSTER_ORCHESTRATOR_CLI_SERVER_H_

#include <cstddef>

#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/context.h"

namespace muster::cli {

// Where one server was `asked` for, as the answer of its call; else as a list.
void PrintServers(Context& context, const admin::v1::ListServersResponse& servers, size_t asked,
                  bool details);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SERVER_H_
