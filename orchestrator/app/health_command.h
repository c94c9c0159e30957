// `muster-orchestrator health`: asks the orchestrator on this machine, over its socket, how it is.
#ifndef MUSTER_ORCHESTRATOR_APP_HEALTH_COMMAND_H_
#define MUSTER_ORCHESTRATOR_APP_HEALTH_COMMAND_H_

#include <string>

#include "absl/time/time.h"

namespace muster::app {

struct HealthAnswer {
  bool ready = false;
  std::string line;  // One line for people: "ready: …" or "not ready: …" with the reasons.
};

// `socket` is the path of the admin socket. Blocks, at most for `timeout`.
HealthAnswer AskHealth(const std::string& socket, absl::Duration timeout);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_HEALTH_COMMAND_H_
