// One zone of a fleet against what is stored: says what differs, and writes it.
//
//   what differs                 written                      refused without
//   names, limits, CA            at once
//   hub URL of a known zone      pin version + 1, proofs of   ApplyChoices::replace_hub
//                                the old hub dropped
//   joining key, verifier        when none is stored          ApplyChoices::replace_keys
//
// A file that was written before `muster key set` therefore never brings the old key back by
// itself. What the input does not name is kept.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_STEP_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_STEP_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/fleet_operations.h"
#include "orchestrator/core/inventory/fleet.h"

namespace muster::core {

// Seals the key as the zone's next version and makes it the active one. Answers the version.
absl::StatusOr<int> ActivateNextKey(Turn& turn, const InventoryTools& tools, const ZoneId& zone,
                                    const JoiningKeyInput& input);

// The active version goes, and none takes its place.
absl::Status TaintKey(Turn& turn, const Actor& actor, const store::JoiningKeyVersion& key);

class ZoneStep {
 public:
  ZoneStep(Turn& turn, const InventoryTools& tools, const Actor& actor, const ApplyChoices& choices)
      : turn_(turn), tools_(tools), actor_(actor), choices_(choices) {}

  // A zone whose input has no problem. E-ROLLOUT-TARGET-BUSY when its hub is to change while
  // servers of it are joining.
  absl::Status Apply(const TenantId& tenant, const ZoneInput& input);

  // One line per change, in order.
  std::vector<std::string>& changes() { return changes_; }
  // The changes that the choices do not allow, each with why.
  const std::vector<std::string>& unasked_hubs() const { return unasked_hubs_; }
  const std::vector<std::string>& unasked_keys() const { return unasked_keys_; }
  // Zones that have another hub now, and their servers that were known to the old one: the verifier
  // must forget those.
  const std::map<ZoneId, std::set<ServerId>>& moved() const { return moved_; }

 private:
  struct HubChange {
    int workers = 0;  // Have a zone pin of the old hub.
    std::vector<store::Server> proven;
    int joining = 0;
  };
  absl::StatusOr<HubChange> CountHubChange(const ZoneId& zone);
  absl::Status ChangeHub(store::Zone& zone, const std::string& url);
  absl::Status ApplyVerifier(const ZoneInput& input, store::Zone& zone,
                             std::vector<std::string>& what);
  absl::Status ApplyKey(const ZoneId& id, const ZoneInput& input);
  absl::Status ApplyExpiry(const store::JoiningKeyVersion& active, const JoiningKeyInput& wanted);
  // Lists the change of a stored key, with what it needs; whether it is to be made.
  bool MayReplaceKey(const std::string& line);
  // "1", when the file holds an older version of the key than the active one; else empty.
  absl::StatusOr<std::string> OlderVersion(const ZoneId& id, const std::string& fingerprint);
  bool Holds(const store::Sealed& sealed, const std::string& fingerprint, absl::string_view binding,
             const std::string& wanted, const Secret& secret);

  Turn& turn_;
  const InventoryTools& tools_;
  const Actor& actor_;
  const ApplyChoices choices_;
  std::vector<std::string> changes_;
  std::vector<std::string> unasked_hubs_;
  std::vector<std::string> unasked_keys_;
  std::map<ZoneId, std::set<ServerId>> moved_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_ZONE_STEP_H_
