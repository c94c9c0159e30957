// muster.admin.v1.VerificationService.
#include <utility>

#include "absl/strings/escaping.h"
#include "base/status_macros.h"
#include "muster/admin/v1/verification.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/audit/head_text.h"
#include "orchestrator/core/report/report.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kReportList = "report";

void Show(const core::ReportZone& zone, admin::Report::ZoneLine& out) {
  out.set_zone_id(zone.zone_id.value());
  out.set_hub_url(zone.hub_url);
  out.set_service_account(zone.service_account);
  out.set_servers(zone.servers);
  out.set_enrolled(zone.enrolled);
  out.set_in_progress(zone.in_progress);
  out.set_failed(zone.failed);
  out.set_in_doubt(zone.in_doubt);
  out.set_not_enrolled(zone.not_enrolled);
  out.set_other(zone.other);
  SetIf(zone.hub_read_time, [&] { return out.mutable_hub_read_time(); });
  out.set_hub_instances(zone.hub_instances);
  out.set_hub_unmatched(zone.hub_unmatched);
  out.set_proven(zone.proven);
  SetIf(zone.oldest_proof_time, [&] { return out.mutable_oldest_proof_time(); });
  *out.mutable_verify_within() = rpc::ToProto(zone.verify_within);
  SetIf(zone.hub_failure, [&] { return out.mutable_hub_failure(); });
}

void Show(const core::ReportProblem& problem, admin::Report::ProblemLine& out) {
  out.set_zone_id(problem.zone_id.value());
  out.set_server(problem.server);
  out.set_server_id(problem.server_id.value());
  out.set_enrollment(ToProto(problem.enrollment));
  *out.mutable_failure() = ToProto(problem.failure);
}

void Show(const std::vector<core::ZoneVerification>& zones, admin::VerifyNowResponse& response) {
  for (const core::ZoneVerification& zone : zones) {
    auto& out = *response.add_zones();
    out.set_zone_id(zone.zone_id.value());
    out.set_state(ToProto(zone.state));
    out.set_instances(zone.instances);
    out.set_confirmed(zone.confirmed);
    out.set_enrolled(zone.enrolled);
    out.set_degraded(zone.degraded);
    out.set_healed(zone.healed);
    SetIf(zone.failure, [&] { return out.mutable_failure(); });
  }
}

void Show(const core::ReportObservation& seen, admin::Report::ObservationLine& out) {
  out.set_zone_id(seen.zone_id.value());
  out.set_server(seen.server);
  out.set_server_id(seen.observation.server_id.value());
  *out.mutable_observation() = ToProto(seen.observation);
}

void Show(const store::AuditHead& head, admin::Report::AuditHead& out) {
  out.set_sequence(head.sequence);
  out.set_hash(absl::BytesToHexString(head.hash));
  *out.mutable_time() = ToProto(head.time);
  out.set_signature(absl::BytesToHexString(head.signature));
  out.set_line(core::LineOf(head));
}

// It is about the log of all tenants: for those whom no wall holds.
absl::Status ShowNewestHead(const store::WalledSnapshot& snapshot, admin::Report& response) {
  const store::Snapshot* const whole = snapshot.whole();
  if (whole == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto heads, whole->audit().ListHeads());
  if (!heads.empty()) Show(heads.back(), *response.mutable_audit_head());
  return absl::OkStatus();
}

class VerificationCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.VerificationService";
  using Calls::Calls;

  void VerifyNow(const Context& context, const admin::VerifyNowRequest& request,
                 Responder<admin::VerifyNowResponse> to) const {
    auto zones = SelectedZones(request.selection(), context.snapshot);
    if (!zones.ok()) return to.Finish(zones.status());
    // The answer may never come when the store is lost meanwhile, so that others may end the call as
    // well; only who takes it touches the response.
    admin::VerifyNowResponse* const response = &to.response();
    const auto call = d_.long_calls.Open(
        context.caller.actor.name,
        [to = std::move(to)](const absl::Status& status) mutable { to.Finish(status); });
    d_.operations.verification.Call(
        &core::VerificationOperations::Verify,
        [call, response](absl::StatusOr<std::vector<core::ZoneVerification>> done) {
          auto finish = call->Take();
          if (!finish) return;
          if (done.ok()) Show(*done, *response);
          finish(done.status());
        },
        context.caller.actor, *std::move(zones));
  }

  absl::Status GetReport(const Context& context, const admin::GetReportRequest& request,
                         admin::Report& response) const {
    const store::WalledSnapshot& snapshot = context.snapshot;
    core::ReportQuery query;
    ASSIGN_OR_RETURN(query.selection, CheckSelection(request.selection(), snapshot));
    if (!request.rollout_id().empty()) {
      ASSIGN_OR_RETURN(const auto rollout, FindRollout(request.rollout_id(), snapshot));
      query.rollout_id = rollout.id;
    }
    ASSIGN_OR_RETURN(const Page page, Page::Of(kReportList, request));
    query.limit = page.size();
    query.after = page.cursor();
    ASSIGN_OR_RETURN(const auto report, core::MakeReport(snapshot, query, d_.clock.Now()));
    *response.mutable_time() = ToProto(report.time);
    for (const auto& zone : report.zones) Show(zone, *response.add_zones());
    for (const auto& problem : report.problems) Show(problem, *response.add_problems());
    for (const auto& seen : report.observations) Show(seen, *response.add_observations());
    if (!report.next.empty()) response.set_next_page_token(page.TokenOf(report.next));
    if (query.after.empty()) RETURN_IF_ERROR(ShowNewestHead(snapshot, response));
    return absl::OkStatus();
  }
};

}  // namespace

void AddVerificationCalls(CallTable& table, const Dependencies& d) {
  table.For<VerificationCalls>(d)
      .Write("VerifyNow", &VerificationCalls::VerifyNow)
      .Read("GetReport", &VerificationCalls::GetReport);
}

}  // namespace muster::api
