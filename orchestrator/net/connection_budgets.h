// How the descriptors of the process are shared out among the listeners: each has room of its own,
// so that no flood on one of them keeps anybody from another, nor the store from its files.
//
//   limit of open files = reserve (store, hubs, backups) + admin socket + admin + bootstrap + session
#ifndef MUSTER_ORCHESTRATOR_NET_CONNECTION_BUDGETS_H_
#define MUSTER_ORCHESTRATOR_NET_CONNECTION_BUDGETS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/net/connection_gate.h"

namespace muster::net {

// What an operator may set; 0: as the limit of open files allows.
struct ConnectionOptions {
  int sessions = 0;                // Connections to the session listener,
  int sessions_per_address = 0;    // of one address: half of them,
  int sessions_per_subnet = 0;     // of one /64 of IPv6: as many.
  int bootstraps = 0;              // To the bootstrap listener; of one address a quarter.
  int admins = 0;                  // To the admin listener; of one address half of them.
  int handshakes = 256;            // Under way at once, per listener.
  double turns_per_second = 1000;  // New connections, per listener.
  absl::Duration handshake_timeout = absl::Seconds(10);
};

struct ConnectionBudgets {
  int64_t reserve = 0;
  GateLimits session;
  GateLimits bootstrap;
  GateLimits admin;
  GateLimits admin_socket;
};

// Pure. E-SYSTEM-DESCRIPTORS when `descriptors` are too few for what is asked, or for anything.
absl::StatusOr<ConnectionBudgets> ShareOut(int64_t descriptors, const ConnectionOptions& options);

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_CONNECTION_BUDGETS_H_
