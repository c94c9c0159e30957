#include "orchestrator/cli/report_gather.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

// Newest first; where there are more, the line of the coverage begins later.
constexpr int kMostSweeps = 50'000;
// Newest first as well. Who makes more of them in one period looks at single ones.
constexpr int kMostRollouts = 500;

std::string NameOf(const v1::Selection& place) {
  if (!place.zone_id().empty()) return place.zone_id();
  return place.tenant_id().empty() ? "all tenants" : place.tenant_id();
}

bool IsIn(absl::string_view zone, const v1::Selection& place) {
  if (!place.zone_id().empty()) return zone == place.zone_id();
  return place.tenant_id().empty() || absl::StartsWith(zone, absl::StrCat(place.tenant_id(), "/"));
}

void Count(v1::TargetState state, v1::Counts& counts) {
  counts.set_total(counts.total() + 1);
  if (state == v1::TARGET_STATE_SUCCEEDED) counts.set_succeeded(counts.succeeded() + 1);
  if (state == v1::TARGET_STATE_FAILED) counts.set_failed(counts.failed() + 1);
  if (state == v1::TARGET_STATE_STRAGGLER) counts.set_stragglers(counts.stragglers() + 1);
}

absl::Status GatherFindings(Client& client, ReportPageInput& input, const v1::Selection& place) {
  v1::ListFindingsRequest open;
  *open.mutable_selection() = place;
  ASSIGN_OR_RETURN(v1::ListFindingsResponse findings, client.ListFindings(open, 0));
  input.findings.assign(findings.findings().begin(), findings.findings().end());
  std::stable_sort(
      input.findings.begin(), input.findings.end(),
      [](const v1::Finding& a, const v1::Finding& b) { return a.severity() > b.severity(); });
  v1::ListFindingsRequest over;
  *over.mutable_selection() = place;
  over.add_states(v1::FINDING_STATE_RESOLVED);
  ASSIGN_OR_RETURN(const v1::ListFindingsResponse resolved, client.ListFindings(over, 0));
  input.resolved = std::count_if(resolved.findings().begin(), resolved.findings().end(),
                                 [&input](const v1::Finding& finding) {
                                   return rpc::FromProto(finding.state_time()) >= input.from;
                                 });
  return absl::OkStatus();
}

// A rollout may be over more than the place, over other customers' servers too: of such a one only
// what became of the place's own is shown.
absl::Status GatherRollouts(Client& client, ReportPageInput& input, const v1::Selection& place) {
  ASSIGN_OR_RETURN(const v1::ListRolloutsResponse rollouts,
                   client.ListRollouts(v1::ListRolloutsRequest(), kMostRollouts));
  for (v1::Rollout rollout : rollouts.rollouts()) {
    const absl::Time created = rpc::FromProto(rollout.create_time());
    if (created < input.from) continue;
    v1::ListTargetsRequest request;
    request.set_rollout_id(rollout.rollout_id());
    ASSIGN_OR_RETURN(const v1::ListTargetsResponse targets, client.ListTargets(request, 0));
    v1::Counts own;
    for (const v1::Target& target : targets.targets()) {
      if (!IsIn(target.zone_id(), place)) continue;
      Count(target.state(), own);
      if (rollout.kind() == v1::COMMAND_KIND_JOIN && target.state() == v1::TARGET_STATE_SUCCEEDED &&
          target.has_finish_time()) {
        input.waits.push_back(rpc::FromProto(target.finish_time()) - created);
      }
    }
    if (own.total() == 0) continue;
    if (own.total() < targets.targets_size()) rollout.clear_reason();
    *rollout.mutable_counts() = own;
    input.rollouts.push_back(std::move(rollout));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReportPageInput> GatherReportPage(Client& client, const v1::Selection& place,
                                                 absl::Time from, absl::Time now) {
  ReportPageInput input;
  input.about = NameOf(place);
  input.from = from;
  input.to = now;
  v1::GetReportRequest report;
  *report.mutable_selection() = place;
  ASSIGN_OR_RETURN(input.report, client.GetReport(report));
  v1::ListZonesRequest zones;
  zones.set_tenant_id(place.tenant_id());
  ASSIGN_OR_RETURN(const v1::ListZonesResponse known, client.ListZones(zones));
  input.zones.assign(known.zones().begin(), known.zones().end());
  RETURN_IF_ERROR(GatherFindings(client, input, place));
  v1::ListSweepsRequest sweeps;
  *sweeps.mutable_selection() = place;
  ASSIGN_OR_RETURN(const v1::ListSweepsResponse run, client.ListSweeps(sweeps, kMostSweeps));
  input.sweeps.assign(run.sweeps().begin(), run.sweeps().end());
  RETURN_IF_ERROR(GatherRollouts(client, input, place));
  v1::ListServersRequest servers;
  *servers.mutable_selection() = place;
  ASSIGN_OR_RETURN(const v1::ListServersResponse all, client.ListServers(servers, 0));
  for (const v1::Server& server : all.servers()) {
    const absl::Time came = rpc::FromProto(server.create_time());
    if (came >= from) input.arrivals.push_back(came);
  }
  return input;
}

}  // namespace muster::cli
