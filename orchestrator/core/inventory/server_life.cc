#include "orchestrator/core/inventory/server_life.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/enrollment_reset.h"
#include "orchestrator/core/inventory/servers.h"

namespace muster::core {
namespace {

using store::Admission;

std::string FullName(const store::Server& server) {
  return absl::StrCat(server.zone_id.value(), "/", server.name);
}

absl::Status NoWay(const store::Server& server, absl::string_view why) {
  return FailureStatus(FailureCode::kRequestState,
                       absl::StrCat("server ", FullName(server), " is ",
                                    store::ToString(server.admission), ": ", why));
}

absl::Status CheckNoRollout(Turn& turn, const store::Server& server) {
  ASSIGN_OR_RETURN(const std::optional<RolloutId> rollout,
                   turn.store().rollouts().FindActiveRolloutOf(server.id));
  if (!rollout.has_value()) return absl::OkStatus();
  return FailureStatus(
      FailureCode::kRolloutTargetBusy,
      absl::StrCat("server ", FullName(server), " is in rollout ", rollout->value()));
}

// Its targets that are final count in the memory of a rollout that goes on.
absl::Status CheckNoUnfinishedRollout(Turn& turn, const store::Server& server) {
  ASSIGN_OR_RETURN(const std::vector<store::Rollout> rollouts,
                   turn.store().rollouts().ListUnfinished());
  for (const store::Rollout& rollout : rollouts) {
    ASSIGN_OR_RETURN(const std::optional<store::Target> target,
                     turn.store().rollouts().FindTarget(rollout.id, server.id));
    if (target.has_value()) {
      return FailureStatus(
          FailureCode::kRolloutTargetBusy,
          absl::StrCat("server ", FullName(server), " is in rollout ", rollout.id.value()));
    }
  }
  return absl::OkStatus();
}

// Moves the admission and takes the worker's right to connect.
absl::Status PutOut(Turn& turn, ServerChange& change, store::Server& server, Admission to) {
  RETURN_IF_ERROR(change.Admission(server.admission, to));
  server.admission = to;
  return RevokeCertificates(turn, change, server.id);
}

absl::Status Retire(Turn& turn, ServerChange& change, store::Server& server) {
  if (server.admission == Admission::kRetired) return NoWay(server, "nothing to do");
  RETURN_IF_ERROR(CheckNoRollout(turn, server));
  RETURN_IF_ERROR(PutOut(turn, change, server, Admission::kRetired));
  return ResetEnrollment(turn, change, server,
                         Failure{FailureCode::kInventoryRetired, "it was enrolled"});
}

absl::Status Ban(Turn& turn, ServerChange& change, store::Server& server) {
  if (!store::MayMove(server.admission, Admission::kBanned)) {
    return NoWay(server, server.admission == Admission::kRetired
                             ? "it cannot connect; restore it first to ban it"
                             : "nothing to do");
  }
  return PutOut(turn, change, server, Admission::kBanned);
}

absl::Status Unban(ServerChange& change, store::Server& server) {
  if (server.admission != Admission::kBanned) return NoWay(server, "only a banned one is unbanned");
  RETURN_IF_ERROR(change.Admission(server.admission, Admission::kRegistered));
  server.admission = Admission::kRegistered;
  return absl::OkStatus();
}

absl::Status Reject(ServerChange& change, store::Server& server) {
  if (server.admission != Admission::kPending) {
    return NoWay(server,
                 "only a pending one is rejected; 'muster server evict' and 'muster server "
                 "ban' put out one that is in");
  }
  RETURN_IF_ERROR(change.Admission(server.admission, Admission::kRejected));
  server.admission = Admission::kRejected;
  return absl::OkStatus();
}

absl::Status Restore(ServerChange& change, store::Server& server) {
  Admission to = Admission::kRegistered;
  if (server.admission == Admission::kRejected) {
    to = Admission::kPending;
  } else if (server.admission != Admission::kRetired) {
    return NoWay(server, server.admission == Admission::kBanned
                             ? "use 'muster server unban'"
                             : "only a retired or rejected one is restored");
  }
  RETURN_IF_ERROR(change.Admission(server.admission, to));
  server.admission = to;
  return absl::OkStatus();
}

absl::Status Rename(Turn& turn, ServerChange& change, store::Server& server,
                    const std::string& wanted) {
  const absl::StatusOr<std::string> name = NormalizeServerName(wanted);
  if (!name.ok()) return FailureStatus(FailureCode::kRequestInvalid, name.status().message());
  ASSIGN_OR_RETURN(const std::optional<store::Server> taken,
                   turn.store().servers().FindByName(server.zone_id, *name));
  if (taken.has_value() && taken->id != server.id) {
    return FailureStatus(FailureCode::kInventoryConflict,
                         absl::StrCat("there is a server ", FullName(*taken), " already"));
  }
  ASSIGN_OR_RETURN(const std::optional<store::Server> namesake,
                   turn.store().servers().FindNamesake(server.zone_id, *name));
  if (namesake.has_value() && namesake->id != server.id) {
    return FailureStatus(FailureCode::kInventoryNamesake,
                         absl::StrCat("the inventory has ", FullName(*namesake)));
  }
  RETURN_IF_ERROR(turn.store().servers().SetName(server.id, *name));
  change.Note(absl::StrCat("name: ", server.name, " → ", *name));
  server.name = *name;
  return absl::OkStatus();
}

absl::Status Delete(Turn& turn, ServerChange& change, const store::Server& server) {
  const bool never_seen =
      !server.last_contact_time.has_value() &&
      (server.admission == Admission::kRegistered || server.admission == Admission::kPending ||
       server.admission == Admission::kRejected);
  if (server.admission != Admission::kRetired && !never_seen) {
    return NoWay(
        server, absl::StrCat("retire it first with 'muster server retire ", FullName(server), "'"));
  }
  RETURN_IF_ERROR(CheckNoUnfinishedRollout(turn, server));
  RETURN_IF_ERROR(turn.store().servers().Delete(server.id));
  change.Note(absl::StrCat(FullName(server), " deleted; it was ", store::ToString(server.admission),
                           ", ", store::ToString(server.enrollment)));
  return absl::OkStatus();
}

const char* AuditAction(ServerAction::Kind kind) {
  switch (kind) {
    case ServerAction::Kind::kRetire:
      return "server.retire";
    case ServerAction::Kind::kRestore:
      return "server.restore";
    case ServerAction::Kind::kBan:
      return "server.ban";
    case ServerAction::Kind::kUnban:
      return "server.unban";
    case ServerAction::Kind::kRename:
      return "server.rename";
    case ServerAction::Kind::kDelete:
      return "server.delete";
    case ServerAction::Kind::kReject:
      return "server.reject";
  }
  return "";
}

absl::Status Apply(Turn& turn, ServerChange& change, store::Server& server,
                   const ServerAction& action) {
  switch (action.kind) {
    case ServerAction::Kind::kRetire:
      return Retire(turn, change, server);
    case ServerAction::Kind::kRestore:
      return Restore(change, server);
    case ServerAction::Kind::kBan:
      return Ban(turn, change, server);
    case ServerAction::Kind::kUnban:
      return Unban(change, server);
    case ServerAction::Kind::kRename:
      return Rename(turn, change, server, action.name);
    case ServerAction::Kind::kDelete:
      return Delete(turn, change, server);
    case ServerAction::Kind::kReject:
      return Reject(change, server);
  }
  return absl::InternalError("an action that is none");
}

}  // namespace

absl::StatusOr<store::Server> ChangeServer(Turn& turn, const Actor& actor, const ServerId& id,
                                           const ServerAction& action) {
  ASSIGN_OR_RETURN(store::Server server, GetVisibleServer(turn, actor, id));
  ServerChange change(turn, actor.name, AuditAction(action.kind), id, server.zone_id);
  RETURN_IF_ERROR(Apply(turn, change, server, action));
  if (!action.reason.empty()) change.Note(action.reason);
  RETURN_IF_ERROR(change.Record());
  if (action.kind == ServerAction::Kind::kDelete) return server;
  return GetVisibleServer(turn, actor, id);
}

}  // namespace muster::core
