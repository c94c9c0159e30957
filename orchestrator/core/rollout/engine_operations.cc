// What operators ask of rollouts. See engine.h.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/operators/request_ids.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/rollout/limits.h"
#include "orchestrator/core/rollout/policies.h"

namespace muster::core {
namespace {

using store::CommandKind;
using store::RolloutState;

constexpr int kNamedLeftOut = 5;
constexpr absl::Duration kLongestDeadline = absl::Hours(24 * 30);

absl::Status CheckInput(const RolloutInput& input) {
  const auto bad = [](absl::string_view why) {
    return FailureStatus(FailureCode::kRequestInvalid, why);
  };
  for (const std::string* text :
       {&input.max_concurrency, &input.max_failures, &input.max_in_doubt}) {
    if (text->empty()) continue;
    if (const auto limit = ParseLimit(*text); !limit.ok()) return bad(limit.status().message());
  }
  if (!input.max_concurrency.empty() && ParseLimit(input.max_concurrency)->value == 0) {
    return bad("max_concurrency must be above 0");
  }
  if ((input.force || input.rejoin) && input.kind != CommandKind::kJoin) {
    return bad("force and rejoin are of joins");
  }
  if (input.deadline <= absl::ZeroDuration() || input.deadline > kLongestDeadline) {
    return bad("the deadline must be above 0 and at most 30 days");
  }
  return absl::OkStatus();
}

// The tenant and zone that the selection names must exist and be visible: a mistyped one must not
// look like an empty one.
absl::Status CheckSelection(Turn& turn, const Actor& actor, const store::Selection& selection) {
  if (!selection.tenant_id.empty()) {
    ASSIGN_OR_RETURN(const auto tenant,
                     turn.store().tenants().Find(actor.wall, selection.tenant_id));
    if (!tenant.has_value()) {
      return FailureStatus(FailureCode::kTenantUnknown,
                           absl::StrCat("no tenant ", selection.tenant_id.value()));
    }
  }
  if (!selection.zone_id.empty()) {
    ASSIGN_OR_RETURN(const auto zone, turn.store().zones().Find(actor.wall, selection.zone_id));
    if (!zone.has_value()) {
      return FailureStatus(FailureCode::kZoneUnknown,
                           absl::StrCat("no zone ", selection.zone_id.value()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<store::Rollout> RolloutEngine::Create(Turn& turn, const Actor& actor,
                                                     const RolloutInput& input) {
  RETURN_IF_ERROR(CheckInput(input));
  RETURN_IF_ERROR(CheckSelection(turn, actor, input.selection));
  const IdentifiedRequest request = RequestOf(actor, input);
  ASSIGN_OR_RETURN(const std::optional<std::string> made, FindMade(turn, request));
  if (made.has_value()) {
    ASSIGN_OR_RETURN(const std::optional<store::Rollout> known,
                     turn.store().rollouts().Find(RolloutId(*made)));
    if (known.has_value()) return *known;
  }
  store::ServerQuery query;
  query.selection = input.selection;
  query.wall = actor.wall;
  query.limit = 0;
  ASSIGN_OR_RETURN(const std::vector<store::ServerState> servers,
                   turn.store().servers().ListStates(query));

  store::Rollout rollout;
  rollout.id = ids_.Next<RolloutId>(turn.now());
  std::vector<store::Target> targets;
  targets.reserve(servers.size());
  std::set<ZoneId> zones;
  std::vector<std::string> busy;  // The first of those left to other rollouts.
  int left_out = 0;
  std::vector<std::string> ambiguous;  // The first of those that may have a record already.
  int ambiguous_out = 0;
  for (const store::ServerState& server : servers) {
    if (!IsTarget(input.kind, {input.force, input.rejoin}, server)) continue;
    if (input.kind == CommandKind::kJoin && !input.force && IsAmbiguous(server)) {
      if (++ambiguous_out <= kNamedLeftOut) {
        ambiguous.push_back(absl::StrCat(server.zone_id.value(), "/", server.name));
      }
      continue;
    }
    if (!runs_.empty()) {
      ASSIGN_OR_RETURN(const std::optional<RolloutId> other,
                       turn.store().rollouts().FindActiveRolloutOf(server.id));
      if (other.has_value()) {
        if (++left_out <= kNamedLeftOut) {
          busy.push_back(
              absl::StrCat(server.zone_id.value(), "/", server.name, " in ", other->value()));
        }
        continue;
      }
    }
    if (zones.empty() || *zones.rbegin() != server.zone_id) zones.insert(server.zone_id);
    store::Target& target = targets.emplace_back();
    target.rollout_id = rollout.id;
    target.server_id = server.id;
    target.zone_id = server.zone_id;
    target.name = server.name;
  }
  if (ambiguous_out > 0) {
    rollout.note =
        absl::StrCat(ambiguous_out, ambiguous_out == 1 ? " server is" : " servers are",
                     " left out because several hub records may be theirs (E-VERIFY-AMBIGUOUS): ",
                     absl::StrJoin(ambiguous, ", "), ambiguous_out > kNamedLeftOut ? ", …" : "",
                     "; --force joins them again");
    if (targets.empty() && left_out == 0) {
      return FailureStatus(FailureCode::kRolloutEmpty, rollout.note);
    }
    rollout.note += left_out > 0 ? ". " : "";
  }
  if (left_out > 0) {
    rollout.note += absl::StrCat(left_out, left_out == 1 ? " server is" : " servers are",
                                 " left to other rollouts: ", absl::StrJoin(busy, ", "),
                                 left_out > kNamedLeftOut ? ", …" : "");
    if (targets.empty()) return FailureStatus(FailureCode::kRolloutTargetBusy, rollout.note);
  }
  if (targets.empty()) {
    return FailureStatus(
        FailureCode::kRolloutEmpty,
        servers.empty()
            ? "no server fits"
            : absl::StrCat(servers.size(), input.rejoin
                                               ? " servers fit, none is enrolled or degraded"
                                               : " servers fit, none needs it (enrolled already; "
                                                 "--force joins them again, or out for good)"));
  }
  std::set<TenantId> tenants;
  for (const ZoneId& zone : zones) {
    tenants.insert(TenantOf(zone));
    if (input.kind != CommandKind::kJoin) continue;
    ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
    if (entry == nullptr || !entry->key.has_value()) {
      return FailureStatus(FailureCode::kKeyMissing, absl::StrCat("zone ", zone.value()));
    }
  }
  if (tenants.size() == 1) rollout.tenant_id = *tenants.begin();
  rollout.kind = input.kind;
  rollout.state = RolloutState::kPlanned;
  rollout.selection = input.selection;
  rollout.max_concurrency = input.max_concurrency;
  rollout.max_failures = input.max_failures;
  rollout.max_in_doubt = input.max_in_doubt;
  rollout.allow_takeover = input.allow_takeover;
  rollout.force = input.force || input.rejoin;
  rollout.created_by = actor.name;
  rollout.create_time = turn.now();
  rollout.deadline = turn.now() + input.deadline;
  RETURN_IF_ERROR(turn.store().rollouts().Insert(rollout, targets));
  RETURN_IF_ERROR(NoteMade(turn, request, rollout.id.value()));
  RETURN_IF_ERROR(
      Audit(turn, actor.name, "rollout.create", rollout.id.value(), rollout.tenant_id,
            absl::StrCat("new → planned; ", store::ToString(rollout.kind), ", ", targets.size(),
                         " targets", rollout.note.empty() ? "" : "; ", rollout.note)));
  RETURN_IF_ERROR(MoveRollout(turn, kSystemActor, rollout, RolloutState::kRunning, ""));
  store::TargetCounts counts;
  counts.total = counts.waiting = static_cast<int>(targets.size());
  AddRun(rollout, counts)->planned = std::move(targets);
  return rollout;
}

absl::StatusOr<Run*> RolloutEngine::GetRun(Turn& turn, const Actor& actor, const RolloutId& id) {
  const auto it = runs_.find(id);
  std::optional<store::Rollout> stored;
  if (it == runs_.end()) {
    ASSIGN_OR_RETURN(stored, turn.store().rollouts().Find(id));
  }
  const store::Rollout* rollout = it != runs_.end()    ? &it->second->rollout
                                  : stored.has_value() ? &*stored
                                                       : nullptr;
  if (rollout == nullptr || !actor.wall.Admits(rollout->tenant_id)) {
    return FailureStatus(FailureCode::kRolloutUnknown, absl::StrCat("no rollout ", id.value()));
  }
  if (it == runs_.end() || it->second->canceling) {
    return FailureStatus(FailureCode::kRolloutState, absl::StrCat("rollout ", id.value(), " is ",
                                                                  store::ToString(rollout->state)));
  }
  return it->second.get();
}

absl::StatusOr<store::Rollout> RolloutEngine::Pause(Turn& turn, const Actor& actor,
                                                    const RolloutId& id) {
  ASSIGN_OR_RETURN(Run * run, GetRun(turn, actor, id));
  if (run->rollout.state != RolloutState::kRunning) {
    return FailureStatus(FailureCode::kRolloutState, "it is not running");
  }
  RETURN_IF_ERROR(MoveRollout(turn, actor.name, run->rollout, RolloutState::kPaused,
                              absl::StrCat("by ", actor.name)));
  changed_.insert(id);
  return run->rollout;
}

absl::StatusOr<store::Rollout> RolloutEngine::Resume(Turn& turn, const Actor& actor,
                                                     const RolloutId& id) {
  ASSIGN_OR_RETURN(Run * run, GetRun(turn, actor, id));
  if (run->rollout.state != RolloutState::kPaused) {
    return FailureStatus(FailureCode::kRolloutState, "it is not paused");
  }
  RETURN_IF_ERROR(turn.store().rollouts().SetForgivenFailures(id, run->counts.failed));
  run->rollout.forgiven_failures = run->counts.failed;
  RETURN_IF_ERROR(ForgiveDoubts(turn, *run));
  RETURN_IF_ERROR(MoveRollout(turn, actor.name, run->rollout, RolloutState::kRunning, ""));
  changed_.insert(id);
  return run->rollout;
}

absl::Status RolloutEngine::ForgiveDoubts(Turn& turn, Run& run) {
  for (const ServerId& server : run.doubts) {
    const auto it = run.entries.find(server);
    if (it == run.entries.end()) continue;
    store::Target& target = it->second.target;
    if (target.doubt_forgiven) continue;
    target.doubt_forgiven = true;
    ++run.forgiven_doubts;
    FreeSlot(run, it->second);
    RETURN_IF_ERROR(turn.store().rollouts().UpdateTarget(target, target.state));
  }
  return absl::OkStatus();
}

absl::StatusOr<store::Rollout> RolloutEngine::Cancel(Turn& turn, const Actor& actor,
                                                     const RolloutId& id) {
  ASSIGN_OR_RETURN(Run * run, GetRun(turn, actor, id));
  RETURN_IF_ERROR(
      MoveRollout(turn, actor.name, run->rollout, RolloutState::kCanceling,
                  absl::StrCat("by ", actor.name, ": awaiting what is under way, ",
                               absl::FormatDuration(options_.end_patience), " at most")));
  run->canceling = true;
  BeginEnd(*run, turn.now());
  return run->rollout;
}

}  // namespace muster::core
