// Whose a record is when several speak for it. See verifier.h and record_claim.h.
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/enrollment/verifier_walk.h"

namespace muster::core {
namespace {

RecordClaim ClaimOf(const store::Server& server, const store::Claim* claim) {
  if (claim == nullptr) {
    return {&server, server.service.internal_instance_id, server.machine.machine_name};
  }
  return {&server, claim->internal_instance_id, claim->machine_name};
}

// Whether the name is another server's own. Whom nobody let in has chosen its name itself, and takes
// nothing from anybody by that.
bool HasNameFrom(const std::optional<store::Server>& other, const store::Server& server) {
  return other.has_value() && other->id != server.id &&
         other->admission != store::Admission::kRetired &&
         other->admission != store::Admission::kPending &&
         other->admission != store::Admission::kRejected;
}

}  // namespace

absl::Status Verifier::FindContenders(Turn& turn, Walk& walk) {
  const std::string& url = walk.reading->hub_url;
  for (const auto& [zone, servers] : waiting_in_) {
    if (servers.empty()) continue;
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
    if (entry == nullptr || entry->zone.hub_url != url) continue;
    for (const ServerId& server : servers) {
      const auto waiting = waiting_.find(server);
      if (waiting == waiting_.end()) continue;
      const Match match =
          Matcher(walk.index, TakenFrom(url, server)).Find(SubjectOf(waiting->second.claim));
      if (match.instance != nullptr) walk.contenders[match.instance->id].push_back(server);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<store::Server>> Verifier::AnotherNamed(Turn& turn,
                                                                    const std::string& hub_url,
                                                                    const store::Server& server,
                                                                    const std::string& title) {
  // Tenants share no hub, so these are all of its zones.
  ASSIGN_OR_RETURN(const std::vector<store::Zone> zones,
                   turn.store().zones().List(store::TenantWall::Everything(), server.tenant_id));
  const store::ServerStore& servers = turn.store().servers();
  for (const store::Zone& zone : zones) {
    if (zone.hub_url != hub_url) continue;
    ASSIGN_OR_RETURN(std::optional<store::Server> other, servers.FindByName(zone.id, title));
    if (HasNameFrom(other, server)) return other;
    ASSIGN_OR_RETURN(other, servers.FindNamesake(zone.id, title));
    if (HasNameFrom(other, server)) return other;
    if (title.size() != kCutTitle) continue;
    // Those whose names were cut to this title.
    ASSIGN_OR_RETURN(
        const std::vector<store::ServerState> longer,
        servers.ListStates({.selection = {.zone_id = zone.id, .names = {absl::StrCat(title, "*")}},
                            .wall = store::TenantWall::Of({server.tenant_id}),
                            .limit = 0}));
    for (const store::ServerState& state : longer) {
      if (!IsTitleOf(title, state.name)) continue;
      ASSIGN_OR_RETURN(other, servers.Find(state.id));
      if (HasNameFrom(other, server)) return other;
    }
  }
  return std::optional<store::Server>();
}

absl::StatusOr<Standing> Verifier::StandingAt(Turn& turn, const std::string& hub_url,
                                              const RecordClaim& claim, const HubInstance& record) {
  const Standing standing = StandingOf(claim, record, false);
  if (standing != Standing::kAlias) return standing;
  ASSIGN_OR_RETURN(const auto another,
                   AnotherNamed(turn, hub_url, *claim.server, record.title.str()));
  return StandingOf(claim, record, another.has_value());
}

absl::StatusOr<std::optional<store::Server>> Verifier::TwinOf(Turn& turn, const Walk& walk,
                                                              const ServerId& server,
                                                              const HubInstance& record) {
  if (!walk.index.IsShared(record.internal_instance_id.str()))
    return std::optional<store::Server>();
  const Owners& owners = owners_[walk.reading->hub_url];
  for (const HubInstance& other : walk.reading->list.instances) {
    if (other.id == record.id || !absl::EqualsIgnoreCase(other.internal_instance_id.str(),
                                                         record.internal_instance_id.str())) {
      continue;
    }
    const auto owner = owners.find(other.id);
    if (owner != owners.end() && owner->second != server) {
      return turn.store().servers().Find(owner->second);
    }
  }
  return std::optional<store::Server>();
}

absl::StatusOr<Contest> Verifier::Weigh(Turn& turn, const Walk& walk, const store::Server& server,
                                        const store::Claim& claim, const HubInstance& record) {
  const std::string& url = walk.reading->hub_url;
  const RecordClaim own = ClaimOf(server, &claim);
  ASSIGN_OR_RETURN(const Standing standing, StandingAt(turn, url, own, record));
  std::vector<ServerId> others;
  if (const auto it = walk.contenders.find(record.id); it != walk.contenders.end()) {
    others = it->second;
  }
  if (const auto owner = owners_[url].find(record.id); owner != owners_[url].end()) {
    others.push_back(owner->second);
  }
  Contest contest;
  ASSIGN_OR_RETURN(const auto twin, TwinOf(turn, walk, server.id, record));
  if (twin.has_value()) {
    contest.outcome = Contest::Outcome::kLost;
    contest.why = ConflictOver(record, server, *twin);
    return contest;
  }
  std::optional<store::Server> first;  // The strongest of the others.
  Standing highest = Standing::kNone;
  for (const ServerId& id : others) {
    if (id == server.id) continue;
    ASSIGN_OR_RETURN(std::optional<store::Server> other, turn.store().servers().Find(id));
    if (!other.has_value()) continue;
    const auto waits = waiting_.find(id);
    const RecordClaim theirs =
        ClaimOf(*other, waits == waiting_.end() ? nullptr : &waits->second.claim);
    ASSIGN_OR_RETURN(const Standing has, StandingAt(turn, url, theirs, record));
    if (first.has_value() && has <= highest) continue;
    highest = has;
    first = std::move(other);
  }
  if (standing != Standing::kNone && highest < standing) return contest;
  // Two machines may be called alike, and one of them lies: who came second takes nothing back.
  const bool tied = standing == Standing::kNamed && highest == standing;
  contest.outcome = tied ? Contest::Outcome::kTied : Contest::Outcome::kLost;
  if (!first.has_value() && !record.title.empty()) {
    ASSIGN_OR_RETURN(first, AnotherNamed(turn, url, server, record.title));
  }
  contest.why =
      first.has_value() ? ConflictOver(record, server, *first) : ForeignRecord(record, own);
  return contest;
}

absl::Status Verifier::TakeBack(Turn& turn, const std::string& hub_url, const ServerId& server,
                                const HubInstance& record) {
  Owners& owners = owners_[hub_url];
  const auto it = owners.find(record.id);
  if (it == owners.end() || it->second == server) return absl::OkStatus();
  const ServerId other = it->second;
  ASSIGN_OR_RETURN(const std::optional<store::Server> claims, turn.store().servers().Find(server));
  ASSIGN_OR_RETURN(const std::optional<store::Server> had, turn.store().servers().Find(other));
  owners.erase(it);
  if (!claims.has_value() || !had.has_value()) return absl::OkStatus();
  return listener_->OnTakenBack(turn, other, ConflictOver(record, *had, *claims));
}

}  // namespace muster::core
