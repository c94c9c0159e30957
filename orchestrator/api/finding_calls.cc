// muster.admin.v1.FindingService and SweepService.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/finding.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/api/wire_enums.h"
#include "orchestrator/core/report/finding_text.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kFindingsList = "findings";
constexpr absl::string_view kSweepsList = "sweeps";

absl::StatusOr<admin::Finding> ShowFinding(const store::Finding& finding,
                                           const store::WalledSnapshot& snapshot) {
  admin::Finding out;
  out.set_finding_id(finding.id.value());
  out.set_tenant_id(finding.tenant_id.value());
  out.set_zone_id(finding.zone_id.value());
  out.set_kind(ToProto(finding.kind));
  out.set_state(ToProto(finding.state));
  out.set_severity(ToProto(store::SeverityOf(finding.kind)));
  std::string server;
  if (!finding.server_id.empty()) {
    ASSIGN_OR_RETURN(const auto found, snapshot.FindServer(finding.server_id));
    if (found.has_value()) {
      out.set_server_id(found->id.value());
      out.set_server(found->name);
      server = absl::StrCat(found->zone_id.value(), "/", found->name);
    }
  }
  out.set_hub_instance_id(finding.hub_instance_id.value());
  *out.mutable_failure() = ToProto(core::FailureOf(finding));
  out.set_owner(core::OwnerOf(finding));
  out.set_command(core::CommandFor(finding, server));
  *out.mutable_first_seen_time() = ToProto(finding.first_seen);
  *out.mutable_last_seen_time() = ToProto(finding.last_seen);
  out.set_times(finding.times);
  *out.mutable_state_time() = ToProto(finding.state_time);
  SetIf(finding.suppressed_until, [&] { return out.mutable_suppressed_until(); });
  out.set_actor(finding.actor);
  out.set_reason(finding.reason);
  return out;
}

admin::Sweep ShowSweep(const store::Sweep& sweep, bool differences) {
  admin::Sweep out;
  out.set_sweep_id(sweep.id.value());
  out.set_zone_id(sweep.zone_id.value());
  out.set_state(ToProto(sweep.state));
  out.set_trigger(ToProto(sweep.trigger));
  out.set_actor(sweep.actor);
  out.set_reason(sweep.reason);
  *out.mutable_start_time() = ToProto(sweep.start_time);
  SetIf(sweep.finish_time, [&] { return out.mutable_finish_time(); });
  const store::SweepCounts& counts = sweep.counts;
  out.set_instances(counts.instances);
  out.set_unmatched(counts.unmatched);
  out.set_servers(counts.servers);
  out.set_enrolled(counts.enrolled);
  out.set_confirmed(counts.confirmed);
  out.set_degraded(counts.degraded);
  out.set_healed(counts.healed);
  out.set_findings(counts.findings);
  out.set_asked(counts.asked);
  out.set_answered(counts.answered);
  out.set_disagreed(counts.disagreed);
  if (differences) {
    for (const std::string& line : sweep.differences) out.add_differences(line);
  }
  return out;
}

class FindingCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.FindingService";
  using Calls::Calls;

  absl::Status ListFindings(const Context& context, const admin::ListFindingsRequest& request,
                            admin::ListFindingsResponse& response) const {
    const store::WalledSnapshot& snapshot = context.snapshot;
    ASSIGN_OR_RETURN(const Page page, Page::Of(kFindingsList, request));
    store::FindingQuery query;
    query.after = FindingId(page.cursor());
    query.limit = page.limit();
    ASSIGN_OR_RETURN(query.selection, CheckSelection(request.selection(), snapshot));
    if (!request.server().empty()) {
      ASSIGN_OR_RETURN(const auto server, FindServer(request.server(), snapshot));
      query.server_id = server.id;
    }
    ASSIGN_OR_RETURN(query.kinds, StatesOf<store::FindingKind>("kinds", request.kinds()));
    ASSIGN_OR_RETURN(query.states, StatesOf<store::FindingState>("states", request.states()));
    ASSIGN_OR_RETURN(auto findings, snapshot.ListFindings(std::move(query)));
    page.Cut(findings, response, [](const store::Finding& finding) { return finding.id.value(); });
    for (const store::Finding& finding : findings) {
      ASSIGN_OR_RETURN(*response.add_findings(), ShowFinding(finding, snapshot));
    }
    return absl::OkStatus();
  }

  absl::Status GetFinding(const Context& context, const admin::GetFindingRequest& request,
                          admin::Finding& response) const {
    ASSIGN_OR_RETURN(const auto finding,
                     context.snapshot.FindFinding(FindingId(request.finding_id())));
    if (!finding.has_value()) {
      return FailureStatus(FailureCode::kInventoryFinding,
                           absl::StrCat("no finding ", request.finding_id()));
    }
    ASSIGN_OR_RETURN(response, ShowFinding(*finding, context.snapshot));
    return absl::OkStatus();
  }

  void ChangeFinding(const Context& context, const admin::ChangeFindingRequest& request,
                     Responder<admin::Finding> to) const {
    const auto kind = FromProto<core::FindingAction::Kind>("action", request.action());
    if (!kind.ok()) return to.Finish(kind.status());
    core::FindingAction action{*kind, request.reason(), absl::InfinitePast()};
    if (request.has_until()) action.until = rpc::FromProto(request.until());
    d_.operations.findings.Call(
        &core::FindingOperations::Change,
        [this, wall = context.caller.actor.wall,
         to = std::move(to)](absl::StatusOr<store::Finding> finding) mutable {
          if (!finding.ok()) return to.Finish(finding.status());
          AnswerOnPool(std::move(to), std::move(wall),
                       [finding = *std::move(finding)](const store::WalledSnapshot& now,
                                                       admin::Finding& response) -> absl::Status {
                         ASSIGN_OR_RETURN(response, ShowFinding(finding, now));
                         return absl::OkStatus();
                       });
        },
        context.caller.actor, FindingId(request.finding_id()), std::move(action));
  }
};

class SweepCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.SweepService";
  using Calls::Calls;

  void RunSweep(const Context& context, const admin::RunSweepRequest& request,
                Responder<admin::RunSweepResponse> to) const {
    auto zones = SelectedZones(request.selection(), context.snapshot);
    if (!zones.ok()) return to.Finish(zones.status());
    admin::RunSweepResponse* const response = &to.response();
    const auto call = d_.long_calls.Open(
        context.caller.actor.name,
        [to = std::move(to)](const absl::Status& status) mutable { to.Finish(status); });
    d_.operations.sweeps.Call(
        &core::SweepOperations::Run,
        [call, response](absl::StatusOr<std::vector<store::Sweep>> done) {
          auto finish = call->Take();
          if (!finish) return;
          if (done.ok()) {
            for (const store::Sweep& sweep : *done)
              *response->add_sweeps() = ShowSweep(sweep, true);
          }
          finish(done.status());
        },
        context.caller.actor, *std::move(zones),
        request.has_ask_workers() ? std::optional(request.ask_workers()) : std::nullopt);
  }

  absl::Status ListSweeps(const Context& context, const admin::ListSweepsRequest& request,
                          admin::ListSweepsResponse& response) const {
    ASSIGN_OR_RETURN(const Page page, Page::Of(kSweepsList, request));
    store::SweepQuery query;
    query.before = SweepId(page.cursor());
    query.limit = page.limit();
    ASSIGN_OR_RETURN(query.selection, CheckSelection(request.selection(), context.snapshot));
    ASSIGN_OR_RETURN(auto sweeps, context.snapshot.ListSweeps(std::move(query)));
    page.Cut(sweeps, response, [](const store::Sweep& sweep) { return sweep.id.value(); });
    for (const store::Sweep& sweep : sweeps) *response.add_sweeps() = ShowSweep(sweep, false);
    return absl::OkStatus();
  }

  absl::Status GetSweep(const Context& context, const admin::GetSweepRequest& request,
                        admin::Sweep& response) const {
    ASSIGN_OR_RETURN(const auto sweep, context.snapshot.FindSweep(SweepId(request.sweep_id())));
    if (!sweep.has_value()) {
      return FailureStatus(FailureCode::kInventorySweep,
                           absl::StrCat("no sweep ", request.sweep_id()));
    }
    response = ShowSweep(*sweep, true);
    return absl::OkStatus();
  }
};

}  // namespace

void AddFindingCalls(CallTable& table, const Dependencies& d) {
  table.For<FindingCalls>(d)
      .Read("ListFindings", &FindingCalls::ListFindings)
      .Read("GetFinding", &FindingCalls::GetFinding)
      .Write("ChangeFinding", &FindingCalls::ChangeFinding);
}

void AddSweepCalls(CallTable& table, const Dependencies& d) {
  table.For<SweepCalls>(d)
      .Write("RunSweep", &SweepCalls::RunSweep)
      .Read("ListSweeps", &SweepCalls::ListSweeps)
      .Read("GetSweep", &SweepCalls::GetSweep);
}

}  // namespace muster::api
