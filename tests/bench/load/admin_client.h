// What the product phase asks of the orchestrator, as an operator would: over the admin API.
#ifndef MUSTER_TESTS_BENCH_LOAD_ADMIN_CLIENT_H_
#define MUSTER_TESTS_BENCH_LOAD_ADMIN_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::bench {

inline constexpr char kLoadTenant[] = "load";
inline constexpr char kLoadZone[] = "fleet";

// Name of the n-th server of the load.
std::string LoadServerName(int number);

struct HubAccess {
  std::string url;
  std::string joining_client_id;
  std::string joining_secret;
  std::string username;
  std::string password;
};

struct RolloutOutcome {
  absl::Duration time;  // From its creation to its last target, as the orchestrator recorded it.
  int succeeded = 0;
  int total = 0;
  std::string state;
};

// Every call blocks; errors carry the orchestrator's message.
class AdminClient {
 public:
  // `address`: "unix:PATH" of the admin socket.
  static std::unique_ptr<AdminClient> Create(const std::string& address);
  virtual ~AdminClient() = default;

  // Waits until the orchestrator answers.
  virtual absl::Status AwaitReady(absl::Duration timeout) = 0;
  // One tenant, one zone, `servers` servers in it.
  virtual absl::Status MakeFleet(const HubAccess& hub, int servers) = 0;
  // The token file for `uses` workers.
  virtual absl::StatusOr<std::string> MakeToken(int uses) = 0;
  // Runs a rollout over all servers at once, to its end.
  virtual absl::StatusOr<RolloutOutcome> RunRollout(const std::string& kind) = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_ADMIN_CLIENT_H_
