// muster.admin.v1.RolloutService.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/failure.h"
#include "base/status_macros.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "orchestrator/core/report/held.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "orchestrator/rpc/admin/rollout_watch_stream.h"
#include "orchestrator/rpc/facts.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kRolloutsList = "rollouts";
constexpr absl::string_view kTargetsList = "targets";

absl::Status Show(const store::Rollout& rollout, const store::Snapshot& snapshot,
                  admin::Rollout* out) {
  ASSIGN_OR_RETURN(const auto counts, snapshot.rollouts().Count(rollout.id));
  *out = ToProto(rollout, counts);
  if (rollout.reason.empty()) {
    ASSIGN_OR_RETURN(const auto held, core::HeldZones(snapshot, rollout, counts));
    out->set_reason(core::HeldText(held));
  }
  return absl::OkStatus();
}

bool Wanted(const admin::ListRolloutsRequest& request, const store::Rollout& rollout) {
  const auto& states = request.states();
  return (request.tenant_id().empty() || rollout.tenant_id.value() == request.tenant_id()) &&
         (states.empty() ||
          std::find(states.begin(), states.end(), ToProto(rollout.state)) != states.end());
}

// Deletes itself in OnDone.
class WatchReactor final : public grpc::ServerWriteReactor<admin::Rollout>, public WatchSink {
 public:
  explicit WatchReactor(std::shared_ptr<RolloutWatchStream> stream) : stream_(std::move(stream)) {
    stream_->Begin(*this);
  }
  void Write(const admin::Rollout* rollout) override { StartWrite(rollout); }
  void Finish(const absl::Status& status) override {
    ServerWriteReactor::Finish(ToGrpcStatus(status));
  }
  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override { stream_->OnCancel(); }
  void OnDone() override {
    stream_->OnDone();
    delete this;
  }

 private:
  const std::shared_ptr<RolloutWatchStream> stream_;
};

class RolloutService final : public admin::RolloutService::CallbackService, AdminCalls {
 public:
  RolloutService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::RolloutService::service_full_name()) {}

  grpc::ServerUnaryReactor* CreateRollout(grpc::CallbackServerContext* context,
                                          const admin::CreateRolloutRequest* request,
                                          admin::Rollout* response) override {
    return Run(context, "CreateRollout",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 auto input = InputOf(*request, caller, *snapshot);
                 if (!input.ok()) return reply.Finish(input.status());
                 snapshot.reset();
                 d_.operations.rollouts.Call(&core::RolloutOperations::Create,
                                             AnswerRollout(response, std::move(reply)),
                                             caller.actor, *std::move(input));
               });
  }

  grpc::ServerUnaryReactor* GetRollout(grpc::CallbackServerContext* context,
                                       const admin::GetRolloutRequest* request,
                                       admin::Rollout* response) override {
    return Read(
        context, "GetRollout",
        [request, response](const Caller& caller, const store::Snapshot& snapshot) -> absl::Status {
          ASSIGN_OR_RETURN(const auto rollout,
                           FindRollout(request->rollout_id(), caller, snapshot));
          return Show(rollout, snapshot, response);
        });
  }

  grpc::ServerUnaryReactor* ListRollouts(grpc::CallbackServerContext* context,
                                         const admin::ListRolloutsRequest* request,
                                         admin::ListRolloutsResponse* response) override {
    return Read(context, "ListRollouts",
                [request, response](const Caller& caller, const store::Snapshot& snapshot) {
                  return List(*request, caller, snapshot, *response);
                });
  }

  grpc::ServerUnaryReactor* ListTargets(grpc::CallbackServerContext* context,
                                        const admin::ListTargetsRequest* request,
                                        admin::ListTargetsResponse* response) override {
    return Read(context, "ListTargets",
                [request, response](const Caller& caller, const store::Snapshot& snapshot) {
                  return Targets(*request, caller, snapshot, *response);
                });
  }

  grpc::ServerWriteReactor<admin::Rollout>* WatchRollout(
      grpc::CallbackServerContext* context, const admin::GetRolloutRequest* request) override {
    // The caller's rights are checked at every reading: they may end while the stream is open.
    auto reader = [this, id = request->rollout_id(),
                   claim = ClaimOf(*context, "WatchRollout")]() -> absl::StatusOr<WatchedRollout> {
      ASSIGN_OR_RETURN(const auto snapshot, d_.store.Read());
      ASSIGN_OR_RETURN(const Caller caller, Authorize(claim, *snapshot));
      ASSIGN_OR_RETURN(const auto rollout, FindRollout(id, caller, *snapshot));
      WatchedRollout out{.id = rollout.id, .message = {}, .final = store::IsFinal(rollout.state)};
      RETURN_IF_ERROR(Show(rollout, *snapshot, &out.message));
      return out;
    };
    return new WatchReactor(std::make_shared<RolloutWatchStream>(
        RolloutId(request->rollout_id()), d_.watchers, d_.pool, std::move(reader)));
  }

  grpc::ServerUnaryReactor* PauseRollout(grpc::CallbackServerContext* context,
                                         const admin::GetRolloutRequest* request,
                                         admin::Rollout* response) override {
    return Change(context, "PauseRollout", &core::RolloutOperations::Pause, request, response);
  }
  grpc::ServerUnaryReactor* ResumeRollout(grpc::CallbackServerContext* context,
                                          const admin::GetRolloutRequest* request,
                                          admin::Rollout* response) override {
    return Change(context, "ResumeRollout", &core::RolloutOperations::Resume, request, response);
  }
  grpc::ServerUnaryReactor* CancelRollout(grpc::CallbackServerContext* context,
                                          const admin::GetRolloutRequest* request,
                                          admin::Rollout* response) override {
    return Change(context, "CancelRollout", &core::RolloutOperations::Cancel, request, response);
  }

 private:
  using ChangeOperation = absl::StatusOr<store::Rollout> (core::RolloutOperations::*)(
      core::Turn&, const core::Actor&, const RolloutId&);

  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, const char* method,
                                   ChangeOperation operation,
                                   const admin::GetRolloutRequest* request,
                                   admin::Rollout* response) {
    return Run(
        context, method,
        [this, operation, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
          const auto rollout = FindRollout(request->rollout_id(), caller, *snapshot);
          if (!rollout.ok()) return reply.Finish(rollout.status());
          snapshot.reset();
          d_.operations.rollouts.Call(operation, AnswerRollout(response, std::move(reply)),
                                      caller.actor, rollout->id);
        });
  }

  core::Answer<store::Rollout> AnswerRollout(admin::Rollout* response, Reply reply) {
    return
        [this, response, reply = std::move(reply)](absl::StatusOr<store::Rollout> rollout) mutable {
          if (!rollout.ok()) return reply.Finish(rollout.status());
          AnswerOnPool(std::move(reply),
                       [response, rollout = *std::move(rollout)](const store::Snapshot& snapshot) {
                         return Show(rollout, snapshot, response);
                       });
        };
  }

  static absl::StatusOr<core::RolloutInput> InputOf(const admin::CreateRolloutRequest& request,
                                                    const Caller& caller,
                                                    const store::Snapshot& snapshot) {
    core::RolloutInput input{.max_concurrency = request.max_concurrency(),
                             .max_failures = request.max_failures(),
                             .max_in_doubt = request.max_in_doubt(),
                             .allow_takeover = request.allow_takeover(),
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
    ASSIGN_OR_RETURN(input.selection, CheckSelection(request.selection(), caller, snapshot));
    // A rollout of several tenants belongs to nobody behind a wall: let it be one tenant's.
    const auto& wall = caller.actor.visible_tenants;
    if (!wall.empty() && input.selection.tenant_id.empty()) {
      if (!input.selection.zone_id.empty()) {
        input.selection.tenant_id = TenantOf(input.selection.zone_id);
      } else if (wall.size() == 1) {
        input.selection.tenant_id = wall.front();
      } else {
        return InvalidRequest("the selection must name one of the tenants that you may see");
      }
    }
    return input;
  }

  static absl::Status List(const admin::ListRolloutsRequest& request, const Caller& caller,
                           const store::Snapshot& snapshot, admin::ListRolloutsResponse& response) {
    ASSIGN_OR_RETURN(const int page, PageSize(request.page_size()));
    ASSIGN_OR_RETURN(const std::string after, ParsePageToken(kRolloutsList, request.page_token()));
    admin::Selection place;
    place.set_tenant_id(request.tenant_id());
    RETURN_IF_ERROR(CheckSelection(place, caller, snapshot).status());
    for (const int state : request.states()) {
      if (state <= 0 || !admin::RolloutState_IsValid(state)) {
        return InvalidRequest("states names a state that does not exist");
      }
    }
    // Rollouts behind the wall are skipped, so more than one reading may be needed for a page.
    RolloutId before(after);
    while (true) {
      ASSIGN_OR_RETURN(const auto rollouts, snapshot.rollouts().List(before, page + 1));
      for (const store::Rollout& rollout : rollouts) {
        if (!caller.Sees(rollout.tenant_id) || !Wanted(request, rollout)) continue;
        if (response.rollouts_size() == page) {
          response.set_next_page_token(MakePageToken(
              kRolloutsList, response.rollouts(response.rollouts_size() - 1).rollout_id()));
          return absl::OkStatus();
        }
        RETURN_IF_ERROR(Show(rollout, snapshot, response.add_rollouts()));
      }
      if (static_cast<int>(rollouts.size()) <= page) return absl::OkStatus();
      before = rollouts.back().id;
    }
  }

  static absl::Status Targets(const admin::ListTargetsRequest& request, const Caller& caller,
                              const store::Snapshot& snapshot,
                              admin::ListTargetsResponse& response) {
    ASSIGN_OR_RETURN(const auto rollout, FindRollout(request.rollout_id(), caller, snapshot));
    ASSIGN_OR_RETURN(const int page, PageSize(request.page_size()));
    store::TargetQuery query{.rollout_id = rollout.id, .limit = page + 1};
    ASSIGN_OR_RETURN(query.after, ParsePageToken(kTargetsList, request.page_token()));
    for (const int state : request.states()) {
      if (state == admin::TARGET_STATE_UNSPECIFIED || !admin::TargetState_IsValid(state)) {
        return InvalidRequest(absl::StrCat("there is no target state ", state));
      }
      query.states.push_back(static_cast<store::TargetState>(state - 1));
    }
    ASSIGN_OR_RETURN(auto targets, snapshot.rollouts().ListTargets(query));
    if (static_cast<int>(targets.size()) > page) {
      targets.pop_back();
      response.set_next_page_token(
          MakePageToken(kTargetsList, absl::StrCat(targets.back().zone_id.value(), "/",
                                                   absl::AsciiStrToLower(targets.back().name))));
    }
    ASSIGN_OR_RETURN(const auto without_key, snapshot.zones().ListWithoutKey(rollout.tenant_id));
    for (const store::Target& target : targets) {
      auto& out = *response.add_targets();
      out.set_server_id(target.server_id.value());
      out.set_zone_id(target.zone_id.value());
      out.set_name(target.name);
      out.set_state(ToProto(target.state));
      if (target.failure.has_value()) *out.mutable_failure() = ToProto(*target.failure);
      out.set_attempts(target.attempts);
      if (target.finish_time.has_value()) {
        *out.mutable_finish_time() = ToProto(*target.finish_time);
      }
      ASSIGN_OR_RETURN(const auto server, snapshot.servers().Find(target.server_id));
      if (server.has_value() && !target.failure.has_value() &&
          target.state == store::TargetState::kWaiting &&
          rollout.kind == store::CommandKind::kJoin) {
        const auto held = core::HeldFailure(*server, without_key);
        if (held.has_value()) *out.mutable_failure() = ToProto(*held);
      }
      if (server.has_value() && server->proof.has_value()) {
        out.set_hub_instance_id(server->proof->hub_instance_id.value());
      }
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRolloutService(Door door, const AdminDependencies& d) {
  return std::make_unique<RolloutService>(door, d);
}

}  // namespace muster::rpc
