#include "orchestrator/core/report/held.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "base/status_macros.h"

namespace muster::core {

absl::StatusOr<std::vector<ZoneId>> HeldZones(const store::WalledSnapshot& snapshot,
                                              const store::Rollout& rollout,
                                              const store::TargetCounts& counts) {
  std::vector<ZoneId> held;
  if (rollout.kind != store::CommandKind::kJoin || rollout.state != store::RolloutState::kRunning ||
      counts.waiting == 0) {
    return held;
  }
  ASSIGN_OR_RETURN(const std::vector<ZoneId> without_key,
                   snapshot.ListZonesWithoutKey(rollout.tenant_id));
  for (const ZoneId& zone : without_key) {
    store::TargetQuery query;
    query.rollout_id = rollout.id;
    query.states = {store::TargetState::kWaiting};
    query.after = absl::StrCat(zone.value(), "/");  // Before the first target of the zone.
    query.limit = 1;
    ASSIGN_OR_RETURN(const std::vector<store::Target> first, snapshot.ListTargets(query));
    if (!first.empty() && first[0].zone_id == zone) held.push_back(zone);
  }
  return held;
}

std::string HeldText(const std::vector<ZoneId>& zones) {
  if (zones.empty()) return "";
  const std::string names = absl::StrJoin(zones, ", ", [](std::string* out, const ZoneId& zone) {
    absl::StrAppend(out, zone.value());
  });
  return absl::StrCat(zones.size() == 1 ? "zone " : "zones ", names,
                      zones.size() == 1 ? " has" : " have",
                      " no joining key, targets there are held; set one with 'muster key set'");
}

std::optional<Failure> HeldFailure(const store::Server& server,
                                   const std::vector<ZoneId>& without_key) {
  if (server.enrollment != store::Enrollment::kQueued ||
      !std::binary_search(without_key.begin(), without_key.end(), server.zone_id)) {
    return std::nullopt;
  }
  return Failure{FailureCode::kKeyMissing,
                 absl::StrCat("zone ", server.zone_id.value(), " has none")};
}

}  // namespace muster::core
