// muster.admin.v1.RolloutService.
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status_macros.h"
#include "muster/admin/v1/rollout.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/rollout_watch_stream.h"
#include "orchestrator/api/values.h"
#include "orchestrator/core/report/held.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kRolloutsList = "rollouts";
constexpr absl::string_view kTargetsList = "targets";

// A rollout of several tenants belongs to nobody behind a wall: let it be one tenant's.
absl::Status NarrowToOneTenant(const store::TenantWall& wall, store::Selection& selection) {
  if (wall.admits_everything() || !selection.tenant_id.empty()) return absl::OkStatus();
  if (!selection.zone_id.empty()) {
    selection.tenant_id = TenantOf(selection.zone_id);
  } else if (wall.tenants().size() == 1) {
    selection.tenant_id = wall.tenants().front();
  } else {
    return InvalidRequest("the selection must name one of the tenants that you may see");
  }
  return absl::OkStatus();
}

absl::StatusOr<core::RolloutInput> InputOf(const admin::CreateRolloutRequest& request,
                                           const store::WalledSnapshot& snapshot) {
  core::RolloutInput input{.max_concurrency = request.max_concurrency(),
                           .max_failures = request.max_failures(),
                           .max_in_doubt = request.max_in_doubt(),
                           .allow_takeover = request.allow_takeover(),
                           .force = request.force(),
                           .rejoin = request.rejoin(),
                           .request_id = request.request_id()};
  switch (request.kind()) {
    case admin::COMMAND_KIND_UNSPECIFIED:
    case admin::COMMAND_KIND_JOIN:
      input.kind = store::CommandKind::kJoin;
      break;
    case admin::COMMAND_KIND_PROBE:
      input.kind = store::CommandKind::kProbe;
      break;
    default:
      return InvalidRequest("kind is neither 'join' nor 'probe'");
  }
  if (request.has_deadline()) input.deadline = FromProto(request.deadline());
  if (input.deadline <= absl::ZeroDuration()) return InvalidRequest("deadline is not positive");
  ASSIGN_OR_RETURN(input.selection, CheckSelection(request.selection(), snapshot));
  RETURN_IF_ERROR(NarrowToOneTenant(snapshot.wall(), input.selection));
  return input;
}

class RolloutCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.RolloutService";
  using Calls::Calls;

  void CreateRollout(const Context& context, const admin::CreateRolloutRequest& request,
                     Responder<admin::Rollout> to) const {
    auto input = InputOf(request, context.snapshot);
    if (!input.ok()) return to.Finish(input.status());
    d_.operations.rollouts.Call(&core::RolloutOperations::Create,
                                AnswerRollout(context, std::move(to)), context.caller.actor,
                                *std::move(input));
  }

  absl::Status GetRollout(const Context& context, const admin::GetRolloutRequest& request,
                          admin::Rollout& response) const {
    ASSIGN_OR_RETURN(const auto rollout, FindRollout(request.rollout_id(), context.snapshot));
    ASSIGN_OR_RETURN(response, ToProto(rollout, context.snapshot, d_.clock.Now()));
    return absl::OkStatus();
  }

  absl::Status ListRollouts(const Context& context, const admin::ListRolloutsRequest& request,
                            admin::ListRolloutsResponse& response) const {
    ASSIGN_OR_RETURN(const Page page, Page::Of(kRolloutsList, request));
    store::RolloutQuery query{.tenant_id = TenantId(request.tenant_id()),
                              .before = RolloutId(page.cursor()),
                              .limit = page.limit()};
    RETURN_IF_ERROR(CheckTenant(query.tenant_id, context.snapshot));
    ASSIGN_OR_RETURN(query.states, StatesOf<store::RolloutState>("states", request.states()));
    ASSIGN_OR_RETURN(auto rollouts, context.snapshot.ListRollouts(query));
    page.Cut(rollouts, response, [](const store::Rollout& rollout) { return rollout.id.value(); });
    for (const store::Rollout& rollout : rollouts) {
      ASSIGN_OR_RETURN(*response.add_rollouts(),
                       ToProto(rollout, context.snapshot, d_.clock.Now()));
    }
    return absl::OkStatus();
  }

  absl::Status ListTargets(const Context& context, const admin::ListTargetsRequest& request,
                           admin::ListTargetsResponse& response) const {
    ASSIGN_OR_RETURN(const auto rollout, FindRollout(request.rollout_id(), context.snapshot));
    ASSIGN_OR_RETURN(const Page page, Page::Of(kTargetsList, request));
    store::TargetQuery query{
        .rollout_id = rollout.id, .after = page.cursor(), .limit = page.limit()};
    ASSIGN_OR_RETURN(query.states, StatesOf<store::TargetState>("states", request.states()));
    ASSIGN_OR_RETURN(auto targets, context.snapshot.ListTargets(query));
    page.Cut(targets, response, [](const store::Target& target) {
      return absl::StrCat(target.zone_id.value(), "/", absl::AsciiStrToLower(target.name));
    });
    ASSIGN_OR_RETURN(const auto held,
                     core::ListHeldZones(context.snapshot, rollout.tenant_id, d_.clock.Now()));
    for (const store::Target& target : targets) {
      ASSIGN_OR_RETURN(*response.add_targets(),
                       ToProto(target, rollout.kind, held, context.snapshot));
    }
    return absl::OkStatus();
  }

  // The caller's rights are checked at every reading: they may end while the stream is open.
  std::shared_ptr<ServerStream> WatchRollout(Claim claim,
                                             const admin::GetRolloutRequest& request) const {
    const RolloutId id(request.rollout_id());
    auto reader = [this, id, claim = std::move(claim)] {
      return WithCaller(
          claim, [this, &id](const Context& context) -> absl::StatusOr<WatchedRollout> {
            ASSIGN_OR_RETURN(const auto rollout, FindRollout(id.value(), context.snapshot));
            WatchedRollout out{.final = store::IsFinal(rollout.state)};
            ASSIGN_OR_RETURN(out.message, ToProto(rollout, context.snapshot, d_.clock.Now()));
            return out;
          });
    };
    return std::make_shared<RolloutWatchStream>(id, d_.watchers, d_.pool, std::move(reader));
  }

  void PauseRollout(const Context& context, const admin::GetRolloutRequest& request,
                    Responder<admin::Rollout> to) const {
    ChangeWith(context, request, std::move(to), &core::RolloutOperations::Pause);
  }
  void ResumeRollout(const Context& context, const admin::GetRolloutRequest& request,
                     Responder<admin::Rollout> to) const {
    ChangeWith(context, request, std::move(to), &core::RolloutOperations::Resume);
  }
  void CancelRollout(const Context& context, const admin::GetRolloutRequest& request,
                     Responder<admin::Rollout> to) const {
    ChangeWith(context, request, std::move(to), &core::RolloutOperations::Cancel);
  }

 private:
  using Operation = absl::StatusOr<store::Rollout> (core::RolloutOperations::*)(core::Turn&,
                                                                                const core::Actor&,
                                                                                const RolloutId&);

  void ChangeWith(const Context& context, const admin::GetRolloutRequest& request,
                  Responder<admin::Rollout> to, Operation operation) const {
    d_.operations.rollouts.Call(operation, AnswerRollout(context, std::move(to)),
                                context.caller.actor, RolloutId(request.rollout_id()));
  }

  core::Answer<store::Rollout> AnswerRollout(const Context& context,
                                             Responder<admin::Rollout> to) const {
    return [this, wall = context.caller.actor.wall,
            to = std::move(to)](absl::StatusOr<store::Rollout> rollout) mutable {
      if (!rollout.ok()) return to.Finish(rollout.status());
      AnswerOnPool(std::move(to), std::move(wall),
                   [this, rollout = *std::move(rollout)](const store::WalledSnapshot& snapshot,
                                                         admin::Rollout& response) -> absl::Status {
                     ASSIGN_OR_RETURN(response, ToProto(rollout, snapshot, d_.clock.Now()));
                     return absl::OkStatus();
                   });
    };
  }
};

}  // namespace

void AddRolloutCalls(CallTable& table, const Dependencies& d) {
  table.For<RolloutCalls>(d)
      .Write("CreateRollout", &RolloutCalls::CreateRollout)
      .Read("GetRollout", &RolloutCalls::GetRollout)
      .Read("ListRollouts", &RolloutCalls::ListRollouts)
      .Read("ListTargets", &RolloutCalls::ListTargets)
      .Watch<admin::Rollout>("WatchRollout", &RolloutCalls::WatchRollout)
      .Write("PauseRollout", &RolloutCalls::PauseRollout)
      .Write("ResumeRollout", &RolloutCalls::ResumeRollout)
      .Write("CancelRollout", &RolloutCalls::CancelRollout);
}

}  // namespace muster::api
