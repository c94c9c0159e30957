// What operators ask of tenants, trust zones and joining keys. See posted.h for how these are
// called. Errors are Status with an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/zone.h"

namespace muster::core {

struct JoiningKeyInput {
  std::string client_id;
  Secret secret;
  std::optional<absl::Time> expire_time =
      std::nullopt;  // When the hub stops taking it; none: never.
  // Of an apply that names no time: the stored one stays while the key is the same.
  bool keeps_expiry = false;
};
struct VerifierInput {
  store::VerifierKind kind = store::VerifierKind::kNone;
  std::string principal;
  Secret secret;
};
// What is absent is kept; a new zone or tenant gets the default.
struct ZoneInput {
  std::string slug;
  std::string hub_url;
  std::optional<std::string> display_name;
  std::optional<std::string> hub_ca_pem;    // Empty: the system's trust anchors.
  std::optional<int> max_concurrent_joins;  // 0: the default.
  std::optional<bool> allow_cli_join;
  std::optional<std::string> service_account;   // Empty: none.
  std::optional<absl::Duration> verify_within;  // Zero: the default.
  std::optional<absl::Duration> disconnect_patience;
  std::optional<store::SweepPlan> sweep;
  std::optional<JoiningKeyInput> joining_key;
  bool no_joining_key = false;            // The key is taken away; not with `joining_key`.
  std::optional<VerifierInput> verifier;  // Of kind none: the credentials are taken away.
};
struct TenantInput {
  TenantId id;
  std::optional<std::string> display_name;
  std::vector<ZoneInput> zones;
};
// What an apply may do beyond adding.
struct ApplyChoices {
  bool dry_run = false;  // Nothing is written.
  bool replace_keys =
      false;                 // Another joining key or verifier than the stored one takes its place.
  bool replace_hub = false;  // Another hub takes the place of a zone's hub.
};

class FleetOperations {
 public:
  virtual ~FleetOperations() = default;

  // All or nothing; answers one line per change, none when everything was so already; secrets count
  // as changed only when they differ from what is sealed. E-CONFIG-INVALID names every problem;
  // E-AUTH-FORBIDDEN for a tenant beyond the actor's wall; E-INVENTORY-CONFLICT when two tenants
  // would share a hub; E-ZONE-HUB-CHANGE and E-KEY-REPLACE for changes that `choices` does not ask
  // for (a dry run lists them as changes); E-ROLLOUT-TARGET-BUSY when a zone's hub is to change
  // while servers of it are joining.
  virtual absl::StatusOr<std::vector<std::string>> Apply(Turn& turn, const Actor& actor,
                                                         const std::vector<TenantInput>& fleet,
                                                         const ApplyChoices& choices) = 0;
  // The zone with its keys, tokens and what was read of its hub, answered as it was. E-INVENTORY-ZONE
  // beyond the actor's wall; E-INVENTORY-NOT-EMPTY while it has servers, also retired ones.
  virtual absl::StatusOr<ZoneId> DeleteZone(Turn& turn, const Actor& actor, const ZoneId& zone) = 0;
  // The tenant with its finished rollouts. E-INVENTORY-TENANT beyond the actor's wall;
  // E-INVENTORY-NOT-EMPTY while it has zones, or operators who are bound to it, and names them.
  virtual absl::StatusOr<TenantId> DeleteTenant(Turn& turn, const Actor& actor,
                                                const TenantId& tenant) = 0;
  // A new version of the zone's key, active at once; the version before becomes tainted.
  // E-INVENTORY-ZONE, E-REQUEST-INVALID.
  virtual absl::StatusOr<store::Zone> SetJoiningKey(Turn& turn, const Actor& actor,
                                                    const ZoneId& zone,
                                                    const JoiningKeyInput& key) = 0;
  // The active version becomes tainted and none takes its place: no join begins in the zone until a
  // key is set; targets of rollouts are held. What has been sent is not called back.
  // E-INVENTORY-ZONE; E-REQUEST-STATE when the zone has no key.
  virtual absl::StatusOr<store::Zone> RemoveJoiningKey(Turn& turn, const Actor& actor,
                                                       const ZoneId& zone) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_FLEET_OPERATIONS_H_
