// `muster-orchestrator serve` as a child process, for tests of the program itself.
#ifndef MUSTER_TESTS_INTEGRATION_SERVE_H_
#define MUSTER_TESTS_INTEGRATION_SERVE_H_

#include <string>
#include <vector>

#include "orchestrator/app/orchestrator.h"
#include "tests/integration/process.h"

namespace muster {

// The program's path.
std::string OrchestratorProgram();
// Listens on loopback, on the ports of `at` or, where they are 0, on any; works faster than a hub
// should be asked.
std::vector<std::string> ServeCommand(const std::string& data_dir, const app::Endpoints& at = {});
// Blocks until it listens. Ports of 0, and a failed test, when it does not.
app::Endpoints AwaitReady(Process& process);

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_SERVE_H_
