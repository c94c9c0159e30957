#include "orchestrator/cli/report_gather.h"

#include <algorithm>
#include <utility>

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

bool IsOf(const v1::Rollout& rollout, const v1::Selection& place) {
  return place.zone_id().empty() || rollout.selection().zone_id() == place.zone_id();
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

absl::Status GatherRollouts(Client& client, ReportPageInput& input, const v1::Selection& place) {
  v1::ListRolloutsRequest request;
  request.set_tenant_id(place.tenant_id());
  ASSIGN_OR_RETURN(const v1::ListRolloutsResponse rollouts,
                   client.ListRollouts(request, kMostRollouts));
  for (const v1::Rollout& rollout : rollouts.rollouts()) {
    const absl::Time created = rpc::FromProto(rollout.create_time());
    if (created < input.from || !IsOf(rollout, place)) continue;
    input.rollouts.push_back(rollout);
    if (rollout.kind() != v1::COMMAND_KIND_JOIN || rollout.counts().succeeded() == 0) continue;
    v1::ListTargetsRequest proven;
    proven.set_rollout_id(rollout.rollout_id());
    proven.add_states(v1::TARGET_STATE_SUCCEEDED);
    ASSIGN_OR_RETURN(const v1::ListTargetsResponse targets, client.ListTargets(proven, 0));
    for (const v1::Target& target : targets.targets()) {
      if (target.has_finish_time()) {
        input.waits.push_back(rpc::FromProto(target.finish_time()) - created);
      }
    }
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
