#include "orchestrator/core/inventory/look_alikes.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/look_alikes.h"
#include "base/names.h"
#include "base/status_macros.h"

namespace muster::core {
namespace {

constexpr size_t kMostSaid = 5;

}  // namespace

absl::StatusOr<std::vector<std::string>> LookAlikes::Find(Turn& turn, const ZoneId& zone,
                                                          absl::string_view name) {
  auto known = zones_.find(zone);
  if (known == zones_.end()) {
    ASSIGN_OR_RETURN(const std::vector<store::ServerState> servers,
                     turn.store().servers().ListStates(
                         {.selection = {.zone_id = zone},
                          .wall = store::TenantWall::Of({TenantId(TenantOf(zone))}),
                          .limit = 0}));
    known = zones_.emplace(zone, Names()).first;
    for (const store::ServerState& server : servers) {
      known->second[ShapeOf(server.name)].insert(server.name);
    }
  }
  std::vector<std::string> found;
  const auto alike = known->second.find(ShapeOf(name));
  if (alike == known->second.end()) return found;
  for (const std::string& other : alike->second) {
    if (FoldName(other) == FoldName(name)) continue;
    ASSIGN_OR_RETURN(const std::optional<store::Server> server,
                     turn.store().servers().FindByName(zone, other));
    if (!server.has_value() || server->admission == store::Admission::kRetired) continue;
    found.push_back(server->name);
  }
  return found;
}

void LookAlikes::Add(const ZoneId& zone, const std::string& name) {
  const auto known = zones_.find(zone);
  if (known != zones_.end()) known->second[ShapeOf(name)].insert(name);
}

absl::StatusOr<std::vector<std::string>> LookAlikes::Warn(Turn& turn, const ZoneId& zone,
                                                          const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<std::string> found, Find(turn, zone, name));
  if (!found.empty()) {
    log::Warning("a server's name looks like another one's",
                 {{"zone", zone}, {"name", name}, {"others", absl::StrJoin(found, ", ")}});
  }
  return found;
}

absl::StatusOr<std::vector<std::string>> FindLookAlikes(const store::WalledSnapshot& snapshot,
                                                        const store::Server& server) {
  ASSIGN_OR_RETURN(
      const std::vector<store::ServerState> servers,
      snapshot.ListServerStates({.selection = {.zone_id = server.zone_id}, .limit = 0}));
  const std::string look = ShapeOf(server.name);
  std::vector<std::string> found;
  for (const store::ServerState& other : servers) {
    if (other.id != server.id && ShapeOf(other.name) == look) found.push_back(other.name);
  }
  return found;
}

std::string SayLookAlikes(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const std::vector<std::string> said(
      names.begin(), names.begin() + static_cast<int64_t>(std::min(names.size(), kMostSaid)));
  return absl::StrCat(
      "looks like ", absl::StrJoin(said, ", "),
      names.size() > kMostSaid ? absl::StrCat(" and ", names.size() - kMostSaid, " more") : "",
      " of the same zone");
}

}  // namespace muster::core
