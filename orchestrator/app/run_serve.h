// The life of `muster-orchestrator serve`: from the first signal handler to the exit code.
//
//   start ─► serve ─► a signal                 ─► stop ─► 0
//     │        │                a second one   ─► at once 4
//     │        └────► the store is lost ─► reads are answered for the linger ─► stop ─► 3
//     │        └────► a listener is lost ─► stop ─► 5
//     └─► cannot start ─► 1
#ifndef MUSTER_ORCHESTRATOR_APP_RUN_SERVE_H_
#define MUSTER_ORCHESTRATOR_APP_RUN_SERVE_H_

#include <string>

#include "absl/time/time.h"
#include "base/log.h"
#include "orchestrator/app/orchestrator.h"

namespace muster::app {

struct ServeOptions {
  OrchestratorOptions orchestrator;
  std::string port_file;  // Empty: none.
  // How long whoever asks is told why, once the store is lost.
  absl::Duration store_lost_linger = absl::Seconds(5);
  // Where the file log-level of the data directory names no other; SIGHUP looks again.
  log::Level log_level = log::Level::kInfo;
};

// Blocks until the end; the process's exit code. Call it before any thread was started.
int RunServe(ServeOptions options);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_RUN_SERVE_H_
