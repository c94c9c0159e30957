#include "orchestrator/core/report/held.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/hubs/hub_standing.h"

namespace muster::core {

absl::StatusOr<std::vector<HeldZone>> ListHeldZones(const store::WalledSnapshot& snapshot,
                                                    const TenantId& tenant, absl::Time now) {
  std::map<ZoneId, Failure> held;
  ASSIGN_OR_RETURN(const std::vector<store::HubContact> contacts, snapshot.ListContacts(tenant));
  for (const store::HubContact& contact : contacts) {
    if (auto why = WhyHeld(contact, now)) held.emplace(contact.zone_id, *std::move(why));
  }
  ASSIGN_OR_RETURN(const std::vector<ZoneId> without_key, snapshot.ListZonesWithoutKey(tenant));
  for (const ZoneId& zone : without_key) {
    held.insert_or_assign(
        zone, Failure{FailureCode::kKeyMissing, absl::StrCat("zone ", zone.value(), " has none")});
  }
  std::vector<HeldZone> zones;
  zones.reserve(held.size());
  for (auto& [zone, why] : held) zones.push_back({zone, std::move(why)});
  return zones;
}

absl::StatusOr<std::vector<HeldZone>> HeldZones(const store::WalledSnapshot& snapshot,
                                                const store::Rollout& rollout,
                                                const store::TargetCounts& counts, absl::Time now) {
  std::vector<HeldZone> held;
  if (rollout.kind != store::CommandKind::kJoin || rollout.state != store::RolloutState::kRunning ||
      counts.waiting == 0) {
    return held;
  }
  ASSIGN_OR_RETURN(std::vector<HeldZone> all, ListHeldZones(snapshot, rollout.tenant_id, now));
  for (HeldZone& zone : all) {
    store::TargetQuery query;
    query.rollout_id = rollout.id;
    query.states = {store::TargetState::kWaiting};
    query.after = absl::StrCat(zone.zone_id.value(), "/");  // Before the zone's first target.
    query.limit = 1;
    ASSIGN_OR_RETURN(const std::vector<store::Target> first, snapshot.ListTargets(query));
    if (!first.empty() && first[0].zone_id == zone.zone_id) held.push_back(std::move(zone));
  }
  return held;
}

std::string HeldText(const std::vector<HeldZone>& zones) {
  std::vector<std::string> without_key;
  std::vector<std::string> parts;
  for (const HeldZone& zone : zones) {
    if (zone.why.code == FailureCode::kKeyMissing) {
      without_key.push_back(zone.zone_id.value());
    } else {
      parts.push_back(absl::StrCat(
          "targets of zone ", zone.zone_id.value(),
          " are held, no key leaves for a hub that is not read: ", TextOf(zone.why.code), ", ",
          zone.why.detail, "; 'muster hub check ", zone.zone_id.value(),
          "' looks at it step by step"));
    }
  }
  if (!without_key.empty()) {
    parts.insert(
        parts.begin(),
        absl::StrCat(without_key.size() == 1 ? "zone " : "zones ", absl::StrJoin(without_key, ", "),
                     without_key.size() == 1 ? " has" : " have",
                     " no joining key, targets there are held; set one with 'muster key "
                     "set'"));
  }
  return absl::StrJoin(parts, "; ");
}

std::optional<Failure> HeldFailure(const store::Server& server, const std::vector<HeldZone>& held) {
  if (server.enrollment != store::Enrollment::kQueued) return std::nullopt;
  const auto it = std::lower_bound(
      held.begin(), held.end(), server.zone_id,
      [](const HeldZone& zone, const ZoneId& wanted) { return zone.zone_id < wanted; });
  if (it == held.end() || it->zone_id != server.zone_id) return std::nullopt;
  return it->why;
}

}  // namespace muster::core
