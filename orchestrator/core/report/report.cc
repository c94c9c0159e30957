#include "orchestrator/core/report/report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/report/coverage.h"
#include "orchestrator/core/report/held.h"

namespace muster::core {
namespace {

using store::Enrollment;

constexpr absl::Duration kStaleAfter = absl::Hours(24 * 7);
constexpr int kPageSize = 1000;

void Count(ReportZone& zone, Enrollment enrollment, int servers) {
  switch (enrollment) {
    case Enrollment::kEnrolled:
      zone.enrolled += servers;
      return;
    case Enrollment::kQueued:
    case Enrollment::kJoining:
    case Enrollment::kJoinedUnverified:
      zone.in_progress += servers;
      return;
    case Enrollment::kFailed:
      zone.failed += servers;
      return;
    case Enrollment::kInDoubt:
      zone.in_doubt += servers;
      return;
    case Enrollment::kNotEnrolled:
      zone.not_enrolled += servers;
      return;
    case Enrollment::kDegraded:
      zone.other += servers;
      return;
  }
}

// The lines of zones, with their counts.
absl::StatusOr<std::vector<ReportZone>> ZoneLines(const store::WalledSnapshot& snapshot,
                                                  const ReportQuery& query,
                                                  const store::ServerQuery& servers,
                                                  absl::Time now) {
  std::map<ZoneId, ReportZone> zones;
  ASSIGN_OR_RETURN(const std::vector<store::Zone> all,
                   snapshot.ListZones(query.selection.tenant_id));
  for (const store::Zone& zone : all) {
    const ZoneId& only = query.selection.zone_id;
    if (!only.empty() && zone.id != only) continue;
    ReportZone& line = zones[zone.id];
    line.zone_id = zone.id;
    line.hub_url = zone.hub_url;
    line.service_account = zone.service_account;
    line.verify_within = zone.verify_within;
    ASSIGN_OR_RETURN(const std::optional<store::HubReading> reading, snapshot.FindReading(zone.id));
    if (!reading.has_value()) continue;
    line.hub_read_time = reading->read_time;
    line.hub_instances = reading->instances;
    line.hub_unmatched = reading->unmatched;
    line.hub_failure = reading->failure;
  }
  ASSIGN_OR_RETURN(const auto counts, snapshot.CountByEnrollment(servers));
  for (const auto& count : counts) {
    if (const auto it = zones.find(count.zone_id); it != zones.end()) {
      Count(it->second, count.enrollment, count.servers);
    }
  }
  ASSIGN_OR_RETURN(const auto proven, snapshot.CountProven(servers, now));
  for (const auto& [id, coverage] : CoverageByZone(counts, proven)) {
    const auto it = zones.find(id);
    if (it == zones.end()) continue;
    it->second.servers = coverage.servers;
    it->second.proven = coverage.proven;
    it->second.oldest_proof_time = coverage.oldest_proof;
  }
  std::vector<ReportZone> lines;
  const bool narrow = !query.rollout_id.empty();
  for (auto& [id, line] : zones) {
    if (!narrow || line.servers > 0) lines.push_back(std::move(line));
  }
  return lines;
}

Failure StaleProof(const store::Server& server) {
  return {FailureCode::kVerifyStale,
          server.proof.has_value()
              ? absl::StrCat("last proven at ", UtcText(server.proof->verified_time))
              : "never proven"};
}

absl::StatusOr<std::vector<ReportObservation>> Observations(const store::WalledSnapshot& snapshot,
                                                            store::ServerQuery servers) {
  servers.limit = kMostObservations;
  ASSIGN_OR_RETURN(auto observed, snapshot.ListObserved(std::move(servers)));
  std::vector<ReportObservation> lines;
  lines.reserve(observed.size());
  for (auto& one : observed) {
    lines.push_back({std::move(one.zone_id), std::move(one.name), std::move(one.observation)});
  }
  return lines;
}

}  // namespace

std::optional<Failure> ProblemOf(const store::Server& server) {
  if (server.enrollment == Enrollment::kEnrolled) return std::nullopt;
  if (server.failure.has_value()) return server.failure;
  if (server.enrollment != Enrollment::kNotEnrolled && server.enrollment != Enrollment::kQueued) {
    return std::nullopt;
  }
  switch (server.admission) {
    case store::Admission::kAdmitted:
      break;
    case store::Admission::kRegistered:
      return Failure{FailureCode::kDispatchNotAdmitted, "no worker has enrolled for it yet"};
    case store::Admission::kRejected:
      return Failure{FailureCode::kBootstrapRejected, "its worker is rejected"};
    case store::Admission::kBanned:
      return Failure{FailureCode::kBootstrapBanned, "its worker is banned"};
    default:
      return Failure{FailureCode::kDispatchNotAdmitted,
                     absl::StrCat("its worker is ", store::ToString(server.admission))};
  }
  return std::nullopt;
}

absl::string_view ToString(Connectivity connectivity) {
  switch (connectivity) {
    case Connectivity::kNeverSeen:
      return "never_seen";
    case Connectivity::kOnline:
      return "online";
    case Connectivity::kOffline:
      return "offline";
    case Connectivity::kStale:
      return "stale";
  }
  return "";
}

Connectivity ConnectivityOf(const std::optional<absl::Time>& last_contact, bool connected,
                            absl::Time now) {
  if (connected) return Connectivity::kOnline;
  if (!last_contact.has_value()) return Connectivity::kNeverSeen;
  return now - *last_contact > kStaleAfter ? Connectivity::kStale : Connectivity::kOffline;
}

absl::StatusOr<Report> MakeReport(const store::WalledSnapshot& snapshot, const ReportQuery& query,
                                  absl::Time now) {
  Report report;
  report.time = now;
  store::ServerQuery servers;
  servers.selection = query.selection;
  servers.rollout_id = query.rollout_id;
  if (query.after.empty()) {
    ASSIGN_OR_RETURN(report.zones, ZoneLines(snapshot, query, servers, now));
    ASSIGN_OR_RETURN(report.observations, Observations(snapshot, servers));
  }

  servers.after = query.after;
  servers.limit = query.limit > 0 ? query.limit : kPageSize;
  servers.enrollments = {Enrollment::kNotEnrolled,      Enrollment::kQueued, Enrollment::kJoining,
                         Enrollment::kJoinedUnverified, Enrollment::kFailed, Enrollment::kInDoubt,
                         Enrollment::kDegraded};
  servers.or_unproven_at = now;
  ASSIGN_OR_RETURN(const std::vector<HeldZone> held,
                   ListHeldZones(snapshot, query.selection.tenant_id, now));
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<store::Server> page, snapshot.ListServers(servers));
    for (const store::Server& server : page) {
      std::optional<Failure> failure = ProblemOf(server);
      if (server.enrollment == Enrollment::kEnrolled) failure = StaleProof(server);
      if (!failure.has_value()) failure = HeldFailure(server, held);
      if (!failure.has_value() && server.enrollment == Enrollment::kNotEnrolled) {
        failure = Failure{FailureCode::kDispatchOffline, "no rollout has reached it yet"};
      }
      if (!failure.has_value()) {
        failure = Failure{FailureCode::kVerifyUnproven,
                          absl::StrCat("it is ", store::ToString(server.enrollment))};
      }
      report.problems.push_back(
          {server.zone_id, server.name, server.id, server.enrollment, *std::move(failure)});
    }
    if (page.size() < static_cast<size_t>(servers.limit)) return report;
    servers.after = store::CursorOf(page.back());
    if (query.limit == 0) continue;
    report.next = servers.after;
    return report;
  }
}

}  // namespace muster::core
