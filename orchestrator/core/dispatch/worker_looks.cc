#include "orchestrator/core/dispatch/worker_looks.h"

#include <algorithm>
#include <vector>

namespace muster::core {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

}  // namespace

bool WorkerLooks::Ask(Turn& turn, const ZoneId& zone, Done done) {
  auto round = std::make_shared<Round>();
  round->done = std::move(done);
  std::vector<SessionId> all;
  sessions_.ForEach([&](const Session& session) {
    if (session.zone_id == zone && session.ready) all.push_back(session.id);
  });
  if (all.empty()) return false;
  std::sort(all.begin(), all.end());  // The same in every run of a simulation.
  round->open = all.size();
  for (const SessionId session : all) queue_.emplace_back(session, round);
  if (!armed_) SendNext(turn);
  Arm(turn);
  return true;
}

void WorkerLooks::SendNext(Turn& turn) {
  int budget = options_.looks_per_second;
  while (!queue_.empty() && budget > 0 &&
         under_way_.size() < static_cast<size_t>(options_.looks_at_once)) {
    const auto [id, round] = std::move(queue_.front());
    queue_.pop_front();
    const Session* session = sessions_.Find(id);
    if (session == nullptr || at_work_(session->server_id) || IsUnderWay(session->server_id)) {
      Leave(turn, round);
      continue;
    }
    --budget;
    Send(turn, *session, round);
  }
}

void WorkerLooks::Send(Turn& turn, const Session& session, std::shared_ptr<Round> round) {
  OutboundCommand out;
  out.command_id = ids_.Next<CommandId>(turn.now());
  out.zone_id = session.zone_id;
  out.kind = store::CommandKind::kProbe;
  out.expire_time = turn.now() + options_.look_timeout;
  ++round->result.asked;
  under_way_[session.server_id] =
      Look{std::move(round), session.id, out.command_id, turn.now() + options_.look_timeout};
  turn.AfterCommit([this, to = session.id, out = std::move(out)]() mutable {
    workers_.SendCommand(to, std::move(out));
    if (work_watch_ != nullptr) work_watch_->CommandSent(store::CommandKind::kProbe);
  });
}

bool WorkerLooks::Answered(Turn& turn, SessionId session, const CommandReport& report) {
  const Session* found = sessions_.Find(session);
  if (found == nullptr) return false;
  const auto it = under_way_.find(found->server_id);
  if (it == under_way_.end() || it->second.session != session ||
      it->second.command != report.command_id) {
    return false;
  }
  const bool told = report.outcome == Outcome::kSucceeded && report.service.has_value();
  if (told) it->second.round->result.answered.insert(found->server_id);
  End(turn, it, told ? store::AttemptState::kSucceeded : store::AttemptState::kFailed);
  return told;
}

void WorkerLooks::End(Turn& turn, std::map<ServerId, Look>::iterator it, store::AttemptState how) {
  const ServerId server = it->first;
  const std::shared_ptr<Round> round = std::move(it->second.round);
  under_way_.erase(it);
  if (work_watch_ != nullptr) {
    turn.AfterCommit(
        [watch = work_watch_, how] { watch->AttemptEnded(store::CommandKind::kProbe, how); });
  }
  if (freed_) freed_(server);
  Leave(turn, round);
}

void WorkerLooks::Leave(Turn& turn, const std::shared_ptr<Round>& round) {
  if (--round->open > 0) return;
  agenda_.At(turn.now(), [round](Turn& later) {
    return round->done ? std::exchange(round->done, nullptr)(later, std::move(round->result))
                       : absl::OkStatus();
  });
}

void WorkerLooks::Arm(Turn& turn) {
  if (armed_ || (queue_.empty() && under_way_.empty())) return;
  armed_ = true;
  agenda_.At(turn.now() + kTick, [this](Turn& later) { return Tick(later); });
}

absl::Status WorkerLooks::Tick(Turn& turn) {
  armed_ = false;
  for (auto it = under_way_.begin(); it != under_way_.end();) {
    const auto next = std::next(it);
    if (sessions_.Find(it->second.session) == nullptr || it->second.deadline <= turn.now()) {
      End(turn, it, store::AttemptState::kTimedOut);
    }
    it = next;
  }
  SendNext(turn);
  Arm(turn);
  return absl::OkStatus();
}

}  // namespace muster::core
