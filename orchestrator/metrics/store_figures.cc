#include "orchestrator/metrics/store_figures.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "orchestrator/core/hubs/hub_standing.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/core/report/coverage.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/core/sweep/schedule.h"

namespace muster::metrics {
namespace {

using store::Admission;
using store::Enrollment;
using store::WalledSnapshot;

constexpr absl::Duration kWorkersEndWithin = absl::Hours(24 * 7);
constexpr absl::Duration kOperatorsEndWithin = absl::Hours(24 * 30);

template <typename Enum>
std::string WordOf(Enum value) {
  return std::string(ToString(value));
}

// What is counted of one zone's servers.
struct ZoneCounts {
  std::map<Enrollment, int> enrollment = {{Enrollment::kEnrolled, 0}};
  std::map<Admission, int> admission = {{Admission::kPending, 0}};
  std::map<core::Connectivity, int> connectivity = {{core::Connectivity::kNeverSeen, 0},
                                                    {core::Connectivity::kOnline, 0},
                                                    {core::Connectivity::kOffline, 0},
                                                    {core::Connectivity::kStale, 0}};
  core::ZoneCoverage coverage;
};

absl::StatusOr<std::map<ZoneId, ZoneCounts>> CountServers(const WalledSnapshot& snapshot,
                                                          const core::ConnectedServers& connected,
                                                          absl::Time now) {
  std::map<ZoneId, ZoneCounts> zones;
  const store::ServerQuery all;
  ASSIGN_OR_RETURN(const auto enrollments, snapshot.CountByEnrollment(all));
  for (const auto& count : enrollments) {
    ZoneCounts& zone = zones[count.zone_id];
    zone.enrollment[count.enrollment] += count.servers;
  }
  ASSIGN_OR_RETURN(const auto proven, snapshot.CountProven(all, now));
  for (const auto& [id, coverage] : core::CoverageByZone(enrollments, proven)) {
    zones[id].coverage = coverage;
  }
  RETURN_IF_ERROR(snapshot.ForEachStanding(all, [&](const store::ServerStore::Standing& standing) {
    ZoneCounts& zone = zones[standing.zone_id];
    ++zone.admission[standing.admission];
    ++zone.connectivity[core::ConnectivityOf(standing.last_contact_time,
                                             connected.IsConnected(standing.id), now)];
  }));
  return zones;
}

void AddServers(Families& families, const store::Zone& zone, const ZoneCounts& counts) {
  const std::string tenant = zone.tenant_id.value();
  const std::string id = zone.id.value();
  for (const auto& [state, servers] : counts.enrollment) {
    families.Add(Metric::kServers, {tenant, id, WordOf(state)}, servers);
  }
  for (const auto& [state, servers] : counts.admission) {
    families.Add(Metric::kAdmission, {tenant, id, WordOf(state)}, servers);
  }
  for (const auto& [state, servers] : counts.connectivity) {
    families.Add(Metric::kConnectivity, {tenant, id, WordOf(state)}, servers);
  }
  const core::ZoneCoverage& coverage = counts.coverage;
  families.Add(Metric::kProven, {tenant, id}, coverage.proven);
  if (const auto share = coverage.Share()) families.Add(Metric::kCoverage, {tenant, id}, *share);
  if (coverage.oldest_proof.has_value()) {
    families.AddTime(Metric::kOldestProof, {tenant, id}, *coverage.oldest_proof);
  }
  families.Add(Metric::kVerifyWithin, {tenant, id}, absl::ToDoubleSeconds(zone.verify_within));
}

// As `muster hub list` shows it. A hub that nobody has asked yet has a contact of no content.
void AddContact(Families& families, const store::Zone& zone, const store::HubContact& contact,
                absl::Time now) {
  const Families::Values labels = {zone.tenant_id.value(), zone.id.value()};
  const core::HubStanding standing = core::StandingOf(contact, now);
  families.Add(Metric::kHubStanding, {labels[0], labels[1], WordOf(standing)}, 1);
  families.Add(Metric::kHubFailures, labels, contact.failures);
  families.Add(Metric::kHubShortReadings, labels, contact.short_readings);
  if (contact.failing_time.has_value()) {
    families.AddTime(Metric::kHubFailingSince, labels, *contact.failing_time);
  }
  if (standing == core::HubStanding::kLeftAlone) {
    families.AddTime(Metric::kHubLeftAloneUntil, labels, *contact.not_before);
  }
}

// What the last whole list of it said.
absl::Status AddReading(Families& families, const WalledSnapshot& snapshot,
                        const store::Zone& zone) {
  ASSIGN_OR_RETURN(const auto reading, snapshot.FindReading(zone.id));
  if (!reading.has_value()) return absl::OkStatus();
  const Families::Values labels = {zone.tenant_id.value(), zone.id.value()};
  families.AddTime(Metric::kHubTryTime, labels, reading->try_time);
  families.Add(Metric::kHubTryFailed, labels, reading->failure.has_value());
  if (!reading->read_time.has_value()) return absl::OkStatus();
  families.AddTime(Metric::kHubReadTime, labels, *reading->read_time);
  families.Add(Metric::kHubInstances, labels, reading->instances);
  families.Add(Metric::kHubUnmatched, labels, reading->unmatched);
  return absl::OkStatus();
}

absl::Status AddSweep(Families& families, const WalledSnapshot& snapshot, const store::Zone& zone,
                      absl::Duration usual) {
  store::SweepQuery query;
  query.selection.zone_id = zone.id;
  query.limit = 1;
  ASSIGN_OR_RETURN(const auto newest, snapshot.ListSweeps(query));
  if (newest.empty()) return absl::OkStatus();
  const store::Sweep& sweep = newest.front();
  const std::string tenant = zone.tenant_id.value();
  const std::string id = zone.id.value();
  families.AddTime(Metric::kSweepStart, {tenant, id}, sweep.start_time);
  families.Add(Metric::kSweepState, {tenant, id, WordOf(sweep.state)}, 1);
  if (sweep.finish_time.has_value()) {
    families.Add(Metric::kSweepDuration, {tenant, id},
                 absl::ToDoubleSeconds(*sweep.finish_time - sweep.start_time));
  }
  // As the sweeper plans: without a verifier nothing can be read.
  const bool never = zone.verifier.kind == store::VerifierKind::kNone;
  if (!never) {
    families.AddTime(Metric::kSweepDue, {tenant, id},
                     core::NextSweep(zone.sweep, usual, zone.id, sweep.start_time));
  }
  return absl::OkStatus();
}

absl::Status AddRollouts(Families& families, const WalledSnapshot& snapshot) {
  ASSIGN_OR_RETURN(const auto counts, snapshot.CountRolloutsByState());
  for (const auto& count : counts) {
    families.Add(Metric::kRollouts, {count.tenant_id.value(), WordOf(count.state)}, count.rollouts);
  }
  store::RolloutQuery query;
  query.states = {store::RolloutState::kPlanned, store::RolloutState::kRunning,
                  store::RolloutState::kPaused, store::RolloutState::kCanceling};
  query.limit = 0;
  ASSIGN_OR_RETURN(const auto unfinished, snapshot.ListRollouts(query));
  constexpr std::array kStates = {store::TargetState::kWaiting,   store::TargetState::kInFlight,
                                  store::TargetState::kVerifying, store::TargetState::kSucceeded,
                                  store::TargetState::kFailed,    store::TargetState::kInDoubt,
                                  store::TargetState::kStraggler, store::TargetState::kCanceled};
  std::map<TenantId, std::array<int, kStates.size()>> sums;
  for (const store::Rollout& rollout : unfinished) {
    ASSIGN_OR_RETURN(store::TargetCounts targets, snapshot.CountTargets(rollout.id));
    auto& sum = sums[rollout.tenant_id];
    for (size_t i = 0; i < kStates.size(); ++i) sum[i] += store::CountOf(targets, kStates[i]);
  }
  for (const auto& [tenant, sum] : sums) {
    for (size_t i = 0; i < kStates.size(); ++i) {
      families.Add(Metric::kRolloutTargets, {tenant.value(), WordOf(kStates[i])}, sum[i]);
    }
  }
  return absl::OkStatus();
}

absl::Status AddOperators(Families& families, const store::Snapshot& whole, absl::Time now) {
  ASSIGN_OR_RETURN(const auto operators, whole.operators().List());
  std::map<std::pair<store::OperatorRole, const char*>, int> counts;
  absl::Time next = absl::InfiniteFuture();
  for (const store::Operator& op : operators) {
    if (op.revoke_time.has_value()) continue;
    const absl::Time end = core::EndOf(op);
    const bool ended = end <= now;
    if (!ended) next = std::min(next, end);
    ++counts[{op.role, ended ? "ended" : end - now < kOperatorsEndWithin ? "ending" : "valid"}];
  }
  for (const auto& [key, count] : counts) {
    families.Add(Metric::kOperators, {WordOf(key.first), key.second}, count);
  }
  families.AddTime(Metric::kOperatorsNextEnd, {}, next);
  const core::AdminOutlook outlook = core::LookAtAdmins(operators, now);
  if (outlook.usable > 0) families.AddTime(Metric::kAdminsLastEnd, {}, outlook.last_end);
  return absl::OkStatus();
}

}  // namespace

absl::Status StoreFigures::AddCertificates(Families& families, const store::Snapshot& whole,
                                           absl::Time now) {
  const absl::Duration age = now - endings_time_;
  if (!endings_.has_value() || age >= options_.certificates_every || age < absl::ZeroDuration()) {
    ASSIGN_OR_RETURN(endings_, whole.certificates().LookAtEndings(now, now + kWorkersEndWithin));
    endings_time_ = now;
  }
  families.Add(Metric::kWorkersEnding, {"ended"}, endings_->ended);
  families.Add(Metric::kWorkersEnding, {"ending"}, endings_->ending);
  if (endings_->next.has_value()) families.AddTime(Metric::kWorkersNextEnd, {}, *endings_->next);
  return absl::OkStatus();
}

absl::Status StoreFigures::AddTo(Families& families, const WalledSnapshot& snapshot,
                                 const core::ConnectedServers& connected, absl::Time now) {
  ASSIGN_OR_RETURN(const auto tenants, snapshot.ListTenants());
  ASSIGN_OR_RETURN(std::vector<store::Zone> zones, snapshot.ListZones(TenantId()));
  families.Add(Metric::kTenants, static_cast<double>(tenants.size()));
  families.Add(Metric::kZones, static_cast<double>(zones.size()));
  const size_t most = std::min(zones.size(), static_cast<size_t>(options_.most_zones));
  families.Add(Metric::kPageZonesLeftOut, static_cast<double>(zones.size() - most));
  zones.resize(most);  // By id: always the same.

  ASSIGN_OR_RETURN(auto counts, CountServers(snapshot, connected, now));
  ASSIGN_OR_RETURN(const std::vector<ZoneId> without_key, snapshot.ListZonesWithoutKey(TenantId()));
  ASSIGN_OR_RETURN(const auto listed, snapshot.ListContacts(TenantId()));
  std::map<ZoneId, store::HubContact> contacts;
  for (const store::HubContact& contact : listed) contacts[contact.zone_id] = contact;
  std::map<ZoneId, TenantId> shown;
  for (const store::Zone& zone : zones) {
    shown[zone.id] = zone.tenant_id;
    AddServers(families, zone, counts[zone.id]);
    families.Add(Metric::kHasJoiningKey, {zone.tenant_id.value(), zone.id.value()},
                 !std::binary_search(without_key.begin(), without_key.end(), zone.id));
    AddContact(families, zone, contacts[zone.id], now);
    RETURN_IF_ERROR(AddReading(families, snapshot, zone));
    RETURN_IF_ERROR(AddSweep(families, snapshot, zone, options_.usual_sweep));
  }
  std::set<TenantId> tenants_shown;
  for (const auto& [zone, tenant] : shown) tenants_shown.insert(tenant);
  tenants_.assign(tenants_shown.begin(), tenants_shown.end());
  ASSIGN_OR_RETURN(const auto findings, snapshot.CountFindings({}));
  for (const auto& count : findings) {
    const auto zone = shown.find(count.zone_id);
    if (zone == shown.end()) continue;
    families.Add(Metric::kFindings,
                 {zone->second.value(), count.zone_id.value(), WordOf(count.kind),
                  WordOf(store::SeverityOf(count.kind)), WordOf(count.state)},
                 count.findings);
  }
  RETURN_IF_ERROR(AddRollouts(families, snapshot));
  const store::Snapshot* const whole = snapshot.whole();
  if (whole == nullptr) return absl::OkStatus();
  families.Add(Metric::kSessions, connected.Count());
  RETURN_IF_ERROR(AddOperators(families, *whole, now));
  return AddCertificates(families, *whole, now);
}

}  // namespace muster::metrics
