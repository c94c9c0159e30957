// One file because all of it moves one table of open attempts: sending, answers, deadlines, settling.
#include "orchestrator/core/dispatch/dispatcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/zone_pins.h"
#include "orchestrator/core/control/failure_kind.h"

namespace muster::core {
namespace {

using store::AttemptState;
using store::CommandKind;
using JournalState = SessionOpening::JournalEntry::State;

// What an attempt in doubt was before; durable, for the next start (store::Attempt::reason).
std::string WasReason(AttemptState state) { return absl::StrCat("was ", store::ToString(state)); }

// The worker had confirmed that the command is in its journal.
bool WasJournaled(const store::Attempt& attempt) {
  return attempt.reason == WasReason(AttemptState::kAcknowledged) ||
         attempt.reason == WasReason(AttemptState::kRunning);
}

// The command did not run, and a copy of it may still come: it never arrived, or its worker
// restarted before it began it.
bool NothingRan(const store::Attempt& attempt) {
  if (attempt.state == AttemptState::kSettled) return attempt.reason == kNeverArrivedReason;
  return attempt.state == AttemptState::kRejected && attempt.failure.has_value() &&
         attempt.failure->code == FailureCode::kDispatchNotBegun;
}

bool Answered(const store::Attempt& attempt) {
  return attempt.failure.has_value() && attempt.failure->code != FailureCode::kDispatchInDoubt;
}

}  // namespace

const OpenAttempt* Dispatcher::FindOpen(const ServerId& server) const {
  const auto it = open_.find(server);
  return it == open_.end() ? nullptr : &it->second;
}

absl::Status Dispatcher::Recover(Turn& turn) {
  begun_ = turn.now();
  look_for_late_copies_until_ = begun_ + options_.command_ttl;
  looked_for_late_copies_.clear();
  RETURN_IF_ERROR(clones_.Recover(turn));
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> attempts, turn.store().attempts().ListOpen());
  for (const store::Attempt& attempt : attempts) {
    // One that cannot be taken up costs its server, not the start.
    RETURN_IF_ERROR(IfLost(turn.Alone([&] { return TakeUp(turn, attempt); })));
  }
  return absl::OkStatus();
}

absl::Status Dispatcher::TakeUp(Turn& turn, const store::Attempt& attempt) {
  turn.Concerns(attempt.server_id);
  ASSIGN_OR_RETURN(const std::optional<store::Command> command,
                   turn.store().attempts().FindCommand(attempt.command_id));
  if (!command.has_value()) {
    return absl::InternalError(absl::StrCat("attempt ", attempt.id.value(), " has no command"));
  }
  OpenAttempt& open = open_[attempt.server_id];
  open.command = *command;
  open.attempt = attempt;
  open.recovered = true;
  open.answered = attempt.state == AttemptState::kInDoubt && Answered(attempt);
  return attempt.state == AttemptState::kInDoubt ? absl::OkStatus() : Doubt(turn, open, nullptr);
}

void Dispatcher::Drop(Turn& turn, const ServerId& server, const Failure& why, bool may_reconnect) {
  if (const Session* session = sessions_.FindOf(server); session != nullptr) {
    const SessionId id = session->id;
    turn.AfterCommit([this, id, why, may_reconnect] { workers_.End(id, why, may_reconnect); });
    sessions_.Remove(id);
  }
  open_.erase(server);
  std::erase_if(deadlines_, [&server](const auto& deadline) { return deadline.second == server; });
}

absl::Status Dispatcher::Reload(Turn& turn, const ServerId& server) {
  Drop(turn, server, Failure{FailureCode::kSessionRecord, "what is on record is read anew"}, true);
  RETURN_IF_ERROR(clones_.Reload(turn, server));
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> attempts,
                   turn.store().attempts().ListOpenOf(server));
  for (const store::Attempt& attempt : attempts) RETURN_IF_ERROR(TakeUp(turn, attempt));
  return absl::OkStatus();
}

void Dispatcher::Bar(Turn& turn, const ServerId& server) {
  Drop(turn, server, Failure{FailureCode::kSessionRecord, "what is on record contradicts itself"},
       true);
  barred_.insert(server);
}

absl::Status Dispatcher::Move(Turn& turn, ServerChange& change, OpenAttempt& open,
                              AttemptState to) {
  const AttemptState from = open.attempt.state;
  open.attempt.state = to;
  if (!store::IsOpen(to)) {
    open.attempt.finish_time = turn.now();
    if (work_watch_ != nullptr) {
      turn.AfterCommit(
          [watch = work_watch_, kind = open.attempt.kind, to] { watch->AttemptEnded(kind, to); });
    }
  }
  if (std::exchange(open.on_record, true)) return change.Attempt(open.attempt, from);
  // What has ended is not delivered again: nobody asks for its command any more.
  if (store::IsOpen(to)) RETURN_IF_ERROR(turn.store().attempts().InsertCommand(open.command));
  return change.InsertAttempt(open.attempt, from);
}

// A command that may still be on its way is delivered again under its own id: the worker's journal
// answers the second copy (invariant 2).
absl::StatusOr<std::optional<store::Command>> Dispatcher::FindRedelivery(Turn& turn,
                                                                         const Delivery& delivery) {
  if (delivery.number <= 1) return std::optional<store::Command>();
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> last,
                   turn.store().attempts().ListOfServer(delivery.server_id, 1));
  if (last.empty() || last[0].rollout_id != delivery.rollout_id || !NothingRan(last[0])) {
    return std::optional<store::Command>();
  }
  ASSIGN_OR_RETURN(std::optional<store::Command> command,
                   turn.store().attempts().FindCommand(last[0].command_id));
  // Expired: no worker begins it any more, so a new one is safe.
  if (command.has_value() && command->expire_time <= turn.now()) command.reset();
  return command;
}

absl::StatusOr<absl::Time> Dispatcher::LateCopyUntil(Turn& turn, const ServerId& server) {
  if (const auto it = late_copies_.find(server); it != late_copies_.end()) return it->second;
  if (turn.now() >= look_for_late_copies_until_) {
    looked_for_late_copies_.clear();
    return absl::InfinitePast();
  }
  // What became of its commands since is known.
  if (looked_for_late_copies_.contains(server)) return absl::InfinitePast();
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> last,
                   turn.store().attempts().ListOfServer(server, 1));
  if (last.empty() || store::ChangesNothing(last[0].kind) ||
      (last[0].state != AttemptState::kSettled && !NothingRan(last[0]))) {
    looked_for_late_copies_.insert(server);
    return absl::InfinitePast();
  }
  ASSIGN_OR_RETURN(const std::optional<store::Command> command,
                   turn.store().attempts().FindCommand(last[0].command_id));
  // No later than a command that was made now: a clock that was set back says otherwise.
  return command.has_value() ? std::min(command->expire_time, turn.now() + options_.command_ttl)
                             : absl::InfinitePast();
}

absl::StatusOr<std::optional<Dispatcher::NotSent>> Dispatcher::Send(Turn& turn,
                                                                    ServerChange& change,
                                                                    const Delivery& delivery) {
  const auto refuse = [](FailureCode code, std::string detail) {
    return std::optional<NotSent>(NotSent{Failure{code, std::move(detail)}});
  };
  const Session* session = sessions_.FindOf(delivery.server_id);
  if (session == nullptr || IsBusy(delivery.server_id)) {
    return absl::InternalError("a delivery to a server that is away or busy");
  }
  ASSIGN_OR_RETURN(const ZoneEntry* zone, zones_.Find(turn, delivery.zone_id));
  if (zone == nullptr || session->zone_id != delivery.zone_id) {
    return refuse(FailureCode::kDispatchZoneLock,
                  absl::StrCat("the certificate is of zone ", session->zone_id.value(),
                               ", the server of ", delivery.zone_id.value()));
  }
  ASSIGN_OR_RETURN(std::optional<store::Command> again, FindRedelivery(turn, delivery));
  const bool fresh = !again.has_value();
  if (fresh) {
    ASSIGN_OR_RETURN(const absl::Time late, LateCopyUntil(turn, delivery.server_id));
    if (late > turn.now()) {
      return std::optional<NotSent>(NotSent{
          Failure{FailureCode::kDispatchInDoubt, "another command may still arrive"}, late});
    }
  }
  OutboundCommand out;
  store::Command command;
  if (!fresh) {
    command = *std::move(again);
  } else {
    command.id = ids_.Next<CommandId>(turn.now());
    command.server_id = delivery.server_id;
    command.zone_id = delivery.zone_id;
    command.rollout_id = delivery.rollout_id;
    command.kind = delivery.kind;
    command.allow_takeover = delivery.allow_takeover;
    command.create_time = turn.now();
    command.expire_time = turn.now() + options_.command_ttl;
  }
  if (delivery.kind == CommandKind::kJoin) {
    if (!zone->key.has_value()) {
      return refuse(FailureCode::kKeyMissing, absl::StrCat("zone ", delivery.zone_id.value()));
    }
    const store::JoiningKeyVersion& key = *zone->key;
    if (key.zone_id != delivery.zone_id) {
      return refuse(FailureCode::kDispatchZoneLock,
                    absl::StrCat("the key is of zone ", key.zone_id.value()));
    }
    if (command.key_version_id.empty()) command.key_version_id = key.id;
    if (command.key_version_id != key.id) {
      return std::optional<NotSent>(
          NotSent{Failure{FailureCode::kDispatchInDoubt, "an older key was on its way"},
                  command.expire_time});
    }
    absl::StatusOr<Secret> secret =
        vault_.Open(key.secret, JoiningKeyBinding(key.zone_id, key.version));
    if (!secret.ok()) {
      return refuse(FailureCode::kKeyUnsealable, absl::StrCat("zone ", key.zone_id.value()));
    }
    out.hub_url = zone->zone.hub_url;
    out.joining_client_id = key.client_id;
    out.joining_secret = *std::move(secret);
    out.allow_takeover = command.allow_takeover;
  }

  OpenAttempt open;
  open.attempt.id = ids_.Next<AttemptId>(turn.now());
  open.attempt.command_id = command.id;
  open.attempt.server_id = delivery.server_id;
  open.attempt.kind = command.kind;
  open.attempt.rollout_id = delivery.rollout_id;
  open.attempt.number = delivery.number;
  open.attempt.state = AttemptState::kSent;
  open.attempt.create_time = turn.now();
  open.attempt.sent_time = turn.now();
  open.command = command;
  open.session = session->id;
  open.recovered = command.create_time < begun_ || command.create_time > turn.now();
  open.on_record = !(fresh && store::ChangesNothing(command.kind));
  if (open.on_record) {
    if (fresh) RETURN_IF_ERROR(turn.store().attempts().InsertCommand(command));
    RETURN_IF_ERROR(change.InsertAttempt(open.attempt));
  }
  // Not before: what is not sent after all leaves the copy on its way.
  late_copies_.erase(delivery.server_id);

  out.command_id = command.id;
  out.attempt_id = open.attempt.id;
  out.zone_id = command.zone_id;
  out.kind = command.kind;
  out.expire_time = command.expire_time;
  turn.AfterCommit([this, to = session->id, out = std::move(out)]() mutable {
    const store::CommandKind kind = out.kind;
    workers_.SendCommand(to, std::move(out));
    if (work_watch_ != nullptr) work_watch_->CommandSent(kind);
  });
  OpenAttempt& placed = open_[delivery.server_id] = std::move(open);
  SetDeadline(placed,
              turn.now() + (store::ChangesNothing(placed.command.kind) ? options_.probe_timeout
                                                                       : options_.ack_timeout));
  return std::optional<NotSent>();
}

absl::Status Dispatcher::SessionOpened(Turn& turn, Session session,
                                       const std::vector<SessionOpening::JournalEntry>& journal) {
  if (const Session* old = sessions_.FindOf(session.server_id)) {
    RETURN_IF_ERROR(clones_.Replaced(turn, session.server_id, old->address, session.address));
  } else {
    RETURN_IF_ERROR(clones_.Opened(turn, session.server_id));
  }
  RETURN_IF_ERROR(EndSession(turn, session.server_id,
                             Failure{FailureCode::kSessionReplaced, "a newer session opened"},
                             true));
  RETURN_IF_ERROR(Reconcile(turn, session, journal));
  sessions_.Put(std::move(session));
  return absl::OkStatus();
}

absl::Status Dispatcher::Reconcile(Turn& turn, Session& session,
                                   const std::vector<SessionOpening::JournalEntry>& journal) {
  const auto it = open_.find(session.server_id);
  std::optional<JournalState> known;
  for (const SessionOpening::JournalEntry& entry : journal) {
    if (it != open_.end() && entry.command_id == it->second.command.id) {
      known = entry.state;
    } else if (entry.state == JournalState::kReceived) {
      session.to_cancel.push_back(entry.command_id);
    }
  }
  if (it == open_.end()) return absl::OkStatus();
  OpenAttempt& open = it->second;
  if (open.answered) {
    open.session = session.id;  // The hub's list decides; the worker may repeat its answer.
    return absl::OkStatus();
  }
  if (known == JournalState::kFinished) {
    open.session = session.id;
    SetDeadline(open, turn.now() + options_.ack_timeout);
    return absl::OkStatus();
  }
  if (known.has_value()) return Resume(turn, open, session.id);
  if (store::ChangesNothing(open.command.kind)) return NeverArrived(turn, it);
  if (!WasJournaled(open.attempt) && !session.enrolled_anew) return NeverArrived(turn, it);
  // The journal lost what it had confirmed. Nothing of it runs: the session is new, its journal
  // empty; but the join may have happened (invariant 8).
  CommandReport lost;
  lost.command_id = open.command.id;
  lost.attempt_id = open.attempt.id;
  lost.outcome = Outcome::kInDoubt;
  lost.failure = Failure{FailureCode::kJoinInterrupted, "the worker's journal lost the command"};
  RETURN_IF_ERROR(Resume(turn, open, session.id));
  return Doubt(turn, open, &lost);
}

absl::Status Dispatcher::PushZonePins(Turn& turn) {
  return PushPins(turn, zones_, sessions_, workers_);
}

absl::Status Dispatcher::SessionEnded(Turn& turn, SessionId session) {
  const Session* found = sessions_.Find(session);
  if (found == nullptr) return absl::OkStatus();  // Replaced or ended by us before.
  const ServerId server = found->server_id;
  RETURN_IF_ERROR(turn.store().servers().SetLastContact(server, turn.now()));
  sessions_.Remove(session);
  const auto it = open_.find(server);
  if (it == open_.end()) return absl::OkStatus();
  OpenAttempt& open = it->second;
  open.session = 0;
  SetDeadline(open, absl::InfiniteFuture());
  if (open.attempt.state == AttemptState::kInDoubt) return absl::OkStatus();
  return Doubt(turn, open, nullptr);
}

absl::Status Dispatcher::EndSession(Turn& turn, const ServerId& server, const Failure& why,
                                    bool may_reconnect) {
  const Session* session = sessions_.FindOf(server);
  if (session == nullptr) return absl::OkStatus();
  const SessionId id = session->id;
  turn.AfterCommit([this, id, why, may_reconnect] { workers_.End(id, why, may_reconnect); });
  return SessionEnded(turn, id);
}

absl::Status Dispatcher::Doubt(Turn& turn, OpenAttempt& open, const CommandReport* report) {
  const Failure failure =
      report != nullptr && report->failure.has_value()
          ? *report->failure
          : Failure{
                report != nullptr ? FailureCode::kJoinInterrupted : FailureCode::kDispatchInDoubt,
                report != nullptr ? "the worker cannot tell whether the command took effect"
                                  : "the connection to the worker broke"};
  ServerChange change(turn, report != nullptr ? WorkerActor(open.attempt.server_id) : kSystemActor,
                      "command.in_doubt", open.attempt.server_id, open.command.zone_id);
  open.attempt.reason = WasReason(open.attempt.state);
  open.attempt.failure = failure;
  RETURN_IF_ERROR(Move(turn, change, open, AttemptState::kInDoubt));
  open.answered = report != nullptr;
  SetDeadline(open, absl::InfiniteFuture());
  RETURN_IF_ERROR(listener_->OnDoubt(turn, change, open, report));
  return change.Record();
}

absl::Status Dispatcher::Resume(Turn& turn, OpenAttempt& open, SessionId session) {
  ServerChange change(turn, WorkerActor(open.attempt.server_id), "command.resumed",
                      open.attempt.server_id, open.command.zone_id);
  open.attempt.reason.clear();
  open.attempt.failure.reset();
  RETURN_IF_ERROR(Move(turn, change, open, AttemptState::kRunning));
  open.session = session;
  open.answered = false;
  SetDeadline(open,
              turn.now() + (open.command.kind == CommandKind::kJoin ? options_.join_timeout
                                                                    : options_.probe_timeout));
  RETURN_IF_ERROR(listener_->OnResumed(turn, change, open));
  return change.Record();
}

absl::Status Dispatcher::NeverArrived(Turn& turn, OpenTable::iterator it) {
  OpenAttempt& open = it->second;
  ServerChange change(turn, WorkerActor(open.attempt.server_id), "command.never_arrived",
                      open.attempt.server_id, open.command.zone_id);
  open.attempt.reason = kNeverArrivedReason;
  RETURN_IF_ERROR(Move(turn, change, open, AttemptState::kSettled));
  SetDeadline(open, absl::InfiniteFuture());
  const OpenAttempt closed = std::move(open);
  open_.erase(it);
  if (!store::ChangesNothing(closed.command.kind)) {
    late_copies_[closed.attempt.server_id] = closed.command.expire_time;
  }
  RETURN_IF_ERROR(listener_->OnNeverArrived(turn, change, closed));
  return change.Record();
}

OpenAttempt* Dispatcher::FindAnswering(SessionId session, const CommandId& command) {
  const Session* found = sessions_.Find(session);
  if (found == nullptr) return nullptr;  // A word from a session that has been replaced.
  const auto it = open_.find(found->server_id);
  if (it == open_.end() || it->second.command.id != command) return nullptr;
  return &it->second;
}

absl::Status Dispatcher::Acknowledged(Turn& turn, SessionId session, const CommandId& command) {
  OpenAttempt* open = FindAnswering(session, command);
  if (open == nullptr || open->attempt.state != AttemptState::kSent ||
      store::ChangesNothing(open->command.kind)) {
    return absl::OkStatus();
  }
  ServerChange change(turn, WorkerActor(open->attempt.server_id), "command.acknowledged",
                      open->attempt.server_id, open->command.zone_id);
  RETURN_IF_ERROR(Move(turn, change, *open, AttemptState::kAcknowledged));
  SetDeadline(*open, turn.now() + options_.join_timeout);
  return change.Record();
}

absl::Status Dispatcher::Started(Turn& turn, SessionId session, const CommandId& command) {
  OpenAttempt* open = FindAnswering(session, command);
  if (open == nullptr || store::ChangesNothing(open->command.kind) ||
      (open->attempt.state != AttemptState::kSent &&
       open->attempt.state != AttemptState::kAcknowledged)) {
    return absl::OkStatus();
  }
  ServerChange change(turn, WorkerActor(open->attempt.server_id), "command.started",
                      open->attempt.server_id, open->command.zone_id);
  RETURN_IF_ERROR(Move(turn, change, *open, AttemptState::kRunning));
  SetDeadline(*open, turn.now() + options_.join_timeout);
  return change.Record();
}

absl::Status Dispatcher::Finished(Turn& turn, SessionId session, const CommandReport& report) {
  const Session* found = sessions_.Find(session);
  if (found == nullptr) return absl::OkStatus();  // It is reported again in the next session.
  const ServerId server = found->server_id;
  OpenAttempt* open = FindAnswering(session, report.command_id);
  if (open == nullptr) {
    ASSIGN_OR_RETURN(const std::optional<store::Command> command,
                     turn.store().attempts().FindCommand(report.command_id));
    if (command.has_value() && command->server_id != server) {
      log::Warning("a worker reported another server's command",
                   {{"server", server}, {"command", report.command_id}});
      return absl::OkStatus();
    }
  }
  // Accepted before, settled by the hub, or long forgotten: the worker may forget it too.
  if (open == nullptr || !store::ChangesNothing(open->command.kind)) {
    turn.AfterCommit(
        [this, session, id = report.command_id] { workers_.SendResultAck(session, id); });
  }
  if (open == nullptr || open->answered) return absl::OkStatus();
  if (open->attempt.state == AttemptState::kInDoubt) {
    RETURN_IF_ERROR(Resume(turn, *open, session));
  }
  if (report.outcome == Outcome::kInDoubt && open->command.kind == CommandKind::kJoin) {
    return Doubt(turn, *open, &report);
  }
  const AttemptState to = report.outcome == Outcome::kSucceeded  ? AttemptState::kSucceeded
                          : report.outcome == Outcome::kRejected ? AttemptState::kRejected
                                                                 : AttemptState::kFailed;
  return Close(turn, open_.find(server), report, to);
}

absl::Status Dispatcher::Close(Turn& turn, OpenTable::iterator it, const CommandReport& report,
                               AttemptState to) {
  OpenAttempt& open = it->second;
  ServerChange change(
      turn, to == AttemptState::kTimedOut ? kSystemActor : WorkerActor(open.attempt.server_id),
      "command.finished", open.attempt.server_id, open.command.zone_id);
  if (to != AttemptState::kSucceeded) {
    open.attempt.failure =
        report.failure.value_or(Failure{FailureCode::kJoinUnknownAnswer, "no reason was given"});
  }
  RETURN_IF_ERROR(Move(turn, change, open, to));
  SetDeadline(open, absl::InfiniteFuture());
  const OpenAttempt closed = std::move(open);
  open_.erase(it);
  if (!store::ChangesNothing(closed.command.kind) && NothingRan(closed.attempt)) {
    late_copies_[closed.attempt.server_id] = closed.command.expire_time;
  }
  RETURN_IF_ERROR(listener_->OnFinished(turn, change, closed, report));
  return change.Record();
}

absl::Status Dispatcher::Settle(Turn& turn, ServerChange& change, const ServerId& server,
                                absl::string_view reason) {
  const auto it = open_.find(server);
  if (it == open_.end() || it->second.attempt.state != AttemptState::kInDoubt) {
    return absl::OkStatus();
  }
  OpenAttempt& open = it->second;
  open.attempt.reason = std::string(reason.data(), reason.size());
  RETURN_IF_ERROR(Move(turn, change, open, AttemptState::kSettled));
  SetDeadline(open, absl::InfiniteFuture());
  // An answered one as well: another copy of it may be on its way, to a worker that has forgotten it.
  if (!store::ChangesNothing(open.command.kind) && open.command.expire_time > turn.now()) {
    late_copies_[server] = open.command.expire_time;
  }
  open_.erase(it);
  return absl::OkStatus();
}

void Dispatcher::SetDeadline(OpenAttempt& open, absl::Time deadline) {
  const ServerId& server = open.attempt.server_id;
  if (open.deadline != absl::InfiniteFuture()) deadlines_.erase({open.deadline, server});
  open.deadline = deadline;
  if (deadline == absl::InfiniteFuture()) return;
  deadlines_.insert({deadline, server});
  ArmDeadlines();
}

void Dispatcher::ArmDeadlines() {
  if (deadlines_.empty() || deadlines_.begin()->first >= armed_) return;
  armed_ = deadlines_.begin()->first;
  agenda_.At(armed_, [this](Turn& turn) { return CheckDeadlines(turn); });
}

absl::Status Dispatcher::CheckDeadlines(Turn& turn) {
  armed_ = absl::InfiniteFuture();
  while (!deadlines_.empty() && deadlines_.begin()->first <= turn.now()) {
    const ServerId server = deadlines_.begin()->second;
    RETURN_IF_ERROR(TimeOut(turn, server));
  }
  ArmDeadlines();
  return absl::OkStatus();
}

absl::Status Dispatcher::TimeOut(Turn& turn, const ServerId& server) {
  const auto it = open_.find(server);
  OpenAttempt& open = it->second;
  const Failure late{FailureCode::kDispatchTimeout,
                     absl::StrCat("no answer in state ", store::ToString(open.attempt.state))};
  SetDeadline(open, absl::InfiniteFuture());
  if (store::ChangesNothing(open.command.kind) && open.attempt.state != AttemptState::kInDoubt) {
    CommandReport report;
    report.failure = late;
    return Close(turn, it, report, AttemptState::kTimedOut);
  }
  // A join that does not answer is in doubt; a new session makes the worker tell from its journal.
  return EndSession(turn, server, late, true);
}

}  // namespace muster::core
