// What operators ask of tenants, trust zones and joining keys. See posted.h for how these are
// called. Errors are Status with an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/zone.h"

namespace muster::core {

struct JoiningKeyInput {
  std::string client_id;
  Secret secret;
};
struct VerifierInput {
  store::VerifierKind kind = store::VerifierKind::kNone;
  std::string principal;
  Secret secret;
};
struct ZoneInput {
  std::string slug;
  std::string display_name;
  std::string hub_url;
  std::string hub_ca_pem;
  int max_concurrent_joins = 0;  // 0: the default.
  bool allow_cli_join = false;
  std::optional<JoiningKeyInput> joining_key;  // Absent: keep.
  std::optional<VerifierInput> verifier;       // Absent: keep.
};
struct TenantInput {
  TenantId id;
  std::string display_name;
  std::vector<ZoneInput> zones;
};

class FleetOperations {
 public:
  virtual ~FleetOperations() = default;

  // All or nothing; answers one line per change, none when everything was so already; secrets count
  // as changed only when they differ from what is sealed. They are sealed before the first write.
  // With `dry_run` nothing is written. E-CONFIG-INVALID names every problem; E-AUTH-FORBIDDEN for a
  // tenant beyond the actor's wall; E-INVENTORY-CONFLICT when two tenants would share a hub.
  virtual absl::StatusOr<std::vector<std::string>> Apply(Turn& turn, const Actor& actor,
                                                         const std::vector<TenantInput>& fleet,
                                                         bool dry_run) = 0;
  // A new version of the zone's key, active at once; the version before becomes tainted.
  // E-INVENTORY-ZONE, E-REQUEST-INVALID.
  virtual absl::StatusOr<store::Zone> SetJoiningKey(Turn& turn, const Actor& actor,
                                                    const ZoneId& zone,
                                                    const JoiningKeyInput& key) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_
