// The network of the simulated world: sessions, messages that are delayed, lost and repeated, and
// readings of hubs.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "tests/sim/sim_world.h"
#include "tests/sim/sim_world_parts.h"

namespace muster::sim {

void SimWorld::Connect(size_t worker) {
  powered_off_.erase(worker);
  Later(Latency(), [this, worker] { Dial(worker); });
}

void SimWorld::RedialLater(size_t worker) {
  // Most come back soon; some machines are away for long.
  const bool long_away = Chance(options_.faults.long_outage);
  Later(absl::Seconds(1 + (long_away ? 2400 : 10) * random_.Fraction()),
        [this, worker] { Dial(worker); });
}

void SimWorld::Dial(size_t worker) {
  if (powered_off_.contains(worker)) return;
  if (link_of_[worker] != nullptr && link_of_[worker]->up) return;
  auto link = std::make_shared<Link>();
  link->id = next_session_++;
  link->worker = worker;
  link_of_[worker] = link;
  links_[link->id] = link;
  core::SessionOpening opening = workers_[worker]->Hello();
  opening.session = link->id;
  opening.clock_offset = workers_[worker]->clock_offset() - (Now() - clock_.Now());
  const auto shared = std::make_shared<core::SessionOpening>(std::move(opening));
  ToCore(link, [this, link, shared](core::WorkerEvents& events) {
    link->core_knows = true;
    const CertificateId certificate = shared->certificate_id;
    events.OpenSession(std::move(*shared), [this, link, certificate](
                                               const absl::StatusOr<core::SessionGrant>& grant) {
      if (!grant.ok()) {
        link->core_knows = false;
        if (FailureCodeOf(grant.status()).has_value() && !lost_ && !faulty_->crashed() &&
            !evicted_.contains(link->worker) &&
            workers_[link->worker]->options().certificate_id == certificate) {
          Violation(absl::StrCat("a session was refused: ", grant.status().ToString()));
        }
        Break(link, absl::InfiniteDuration());
        return;
      }
      // Welcome is queued, then commands may be.
      ToWorker(link, [this, link, pin = grant->pin.hub_url, nonce = grant->nonce](SimWorker& w) {
        link->worker_knows = true;
        w.SetPin(pin);
        w.SetNonce(nonce);
        w.Connected({
            [this, link](const CommandId& command, const AttemptId& attempt) {
              ToCore(link,
                     [=](core::WorkerEvents& e) { e.Acknowledged(link->id, command, attempt); });
            },
            [this, link](const CommandId& command, const AttemptId& attempt) {
              ToCore(link, [=](core::WorkerEvents& e) { e.Started(link->id, command, attempt); });
            },
            [this, link](const core::CommandReport& report) {
              ToCore(link, [this, link, report](core::WorkerEvents& e) {
                heard_.insert(report.command_id);
                e.Finished(link->id, report);
                // Still in the turn that will hear of it.
                if (const auto react = after_report_.extract(link->worker); !react.empty()) {
                  react.mapped()();
                }
              });
            },
        });
      });
      node_->core->worker_events().SessionReady(link->id);
    });
  });
}

void SimWorld::ToCore(const std::shared_ptr<Link>& link,
                      std::function<void(core::WorkerEvents&)> word) {
  link->last_up = std::max(link->last_up, clock_.Now() + Latency());
  clock_.At(link->last_up, [this, link, word = std::move(word)] {
    if (link->up && node_ != nullptr) word(node_->core->worker_events());
  });
}

void SimWorld::ToWorker(const std::shared_ptr<Link>& link, std::function<void(SimWorker&)> word,
                        const std::shared_ptr<core::OutboundCommand>& command) {
  link->last_down = std::max(link->last_down, clock_.Now() + Latency());
  clock_.At(link->last_down, [this, link, word = std::move(word), command] {
    SimWorker& worker = *workers_[link->worker];
    if (link->up) return word(worker);
    // What was under way when the stream broke may sit in a buffer and come out after the next
    // Hello: the command id must make it harmless.
    if (command != nullptr && Chance(options_.faults.late_copy)) {
      Later(absl::Seconds(20 * random_.Fraction()), [word, &worker] { word(worker); });
    }
  });
}

// The worker notices soon and dials again; the core hears of the end later, or (a crash) never.
void SimWorld::Break(const std::shared_ptr<Link>& link, absl::Duration until_core_knows) {
  if (!link->up) return;
  link->up = false;
  const size_t worker = link->worker;
  Later(Latency(), [this, link, worker] {
    if (link_of_[worker] != link) return;
    workers_[worker]->Disconnected();
    RedialLater(worker);
  });
  if (!link->core_knows || until_core_knows == absl::InfiniteDuration()) {
    links_.erase(link->id);
    return;
  }
  Later(until_core_knows, [this, link, alive = node_->alive] {
    links_.erase(link->id);
    if (*alive) node_->core->worker_events().SessionEnded(link->id);
  });
}

void SimWorld::BreakSession(size_t worker) {
  const auto link = link_of_[worker];
  if (link != nullptr) Break(link, absl::Seconds(30 * random_.Fraction()));
}

void SimWorld::PowerOff(size_t worker) {
  powered_off_.insert(worker);
  workers_[worker]->PowerOff();
  // Nobody says goodbye: the core finds out by its own deadlines.
  if (link_of_[worker] != nullptr) Break(link_of_[worker], absl::InfiniteDuration());
}

void SimWorld::KillWorker(size_t worker) {
  workers_[worker]->Restart();
  BreakSession(worker);
}

// The key is the one that the command binds, and its server was in when it was decided.
void SimWorld::CheckIntent(const store::Attempt& attempt, const core::OutboundCommand& command) {
  if (command.kind == store::CommandKind::kJoin) {
    const std::optional<store::Command> row = *Read()->attempts().FindCommand(command.command_id);
    const std::optional<store::JoiningKeyVersion> key =
        row.has_value() ? *Read()->zones().FindKey(row->key_version_id) : std::nullopt;
    if (!key.has_value() || key->zone_id != command.zone_id ||
        !absl::EndsWith(key->secret.bytes, absl::StrCat("|", command.joining_secret.Reveal()))) {
      Violation(absl::StrCat(command.command_id.value(),
                             " carries another key than the one that it binds (invariant 6)"));
    }
  }
  bool decided = false;
  for (const store::AuditEvent& event : AuditOf(attempt.server_id.value(), 1000)) {
    decided |= absl::StrContains(event.detail, absl::StrCat(attempt.id.value(), ": new → sent"));
    if (!decided || !absl::StrContains(event.detail, "admission: ")) continue;
    if (!absl::StrContains(event.detail, "→ admitted")) {
      Violation(absl::StrCat(command.command_id.value(),
                             " was sent to a server that was put out: ", event.detail));
    }
    return;
  }
}

// What only reads comes on record when it ends: of its intent, the rollout's target alone is there.
void SimWorld::CheckReading(const ServerId& server, const core::OutboundCommand& command) {
  const std::optional<RolloutId> rollout = *Read()->rollouts().FindActiveRolloutOf(server);
  const std::optional<store::Target> target =
      rollout.has_value() ? *Read()->rollouts().FindTarget(*rollout, server) : std::nullopt;
  if (!target.has_value() || target->state != store::TargetState::kInFlight) {
    Violation(absl::StrCat(command.command_id.value(), " was sent to ", server.value(),
                           " before its target was in flight (invariant 1)"));
  }
}

void SimWorld::SendCommand(core::SessionId session, core::OutboundCommand command) {
  // A sweep's look has no attempt: the sweep is its intent, and no command is beside it.
  if (command.attempt_id.empty()) {
    CheckLook(session, command);
  } else {
    CheckOnRecord(session, command);
  }
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  const absl::Duration left = command.expire_time - Now();
  const auto shared = std::make_shared<core::OutboundCommand>(std::move(command));
  ToWorker(
      it->second, [shared, left](SimWorker& worker) { worker.Receive(*shared, left); }, shared);
}

void SimWorld::CheckLook(core::SessionId session, const core::OutboundCommand& command) {
  if (command.kind != store::CommandKind::kProbe || !command.joining_secret.empty()) {
    Violation("a command that does something was sent without an attempt (invariant 1)");
  }
  const std::vector<store::Sweep> running = *Read()->sweeps().ListRunning();
  if (std::none_of(running.begin(), running.end(),
                   [&](const store::Sweep& sweep) { return sweep.zone_id == command.zone_id; })) {
    Violation(absl::StrCat(command.command_id.value(), " looks for no sweep of ",
                           command.zone_id.value(), " (invariant 1)"));
  }
  const auto link = links_.find(session);
  if (link == links_.end()) return;
  ++looks_sent_;
  const std::vector<store::Attempt> open =
      *Read()->attempts().ListOpenOf(servers_[link->second->worker]);
  if (!open.empty()) Violation("a look was sent beside a command");
}

void SimWorld::CheckOnRecord(core::SessionId session, const core::OutboundCommand& command) {
  // Seen by a reader of its own: what is not committed is not there.
  const std::vector<store::Attempt> attempts = *Read()->attempts().ListOf(command.command_id);
  const auto intent = std::find_if(attempts.begin(), attempts.end(), [&](const store::Attempt& a) {
    return a.id == command.attempt_id;
  });
  last_sent_[session] = {command.command_id, command.attempt_id, command.kind};
  const auto to = links_.find(session);
  if (intent == attempts.end() && store::ChangesNothing(command.kind)) {
    if (to != links_.end()) CheckReading(servers_[to->second->worker], command);
  } else if (intent == attempts.end()) {
    Violation(absl::StrCat(command.command_id.value(), " was sent before it was on record as ",
                           "attempt ", command.attempt_id.value(), " (invariant 1)"));
  }
  const std::optional<store::Zone> zone = *Read()->zones().Find(command.zone_id);
  if (command.kind == store::CommandKind::kJoin && command.hub_url != zone->hub_url) {
    Violation(absl::StrCat("a key was sent for ", command.hub_url, ", which is not the hub of ",
                           command.zone_id.value()));
  }
  if (command.kind == store::CommandKind::kJoin &&
      !hubs_read_.contains({command.zone_id, command.hub_url})) {
    Violation(absl::StrCat("a key was sent for ", command.hub_url, ", which nobody has read for ",
                           command.zone_id.value()));
  }
  // When a reading that has come on record was decided, no event says.
  if (intent != attempts.end() && !store::ChangesNothing(command.kind)) {
    CheckIntent(*intent, command);
  }
}

void SimWorld::SendZonePin(core::SessionId session, const core::ZonePin& pin) {
  pins_sent_.emplace_back(session, pin);
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  ToWorker(it->second, [url = pin.hub_url](SimWorker& worker) { worker.SetPin(url); });
}

void SimWorld::SendResultAck(core::SessionId session, const CommandId& command) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  ToWorker(it->second, [command](SimWorker& worker) { worker.ResultAcknowledged(command); });
}

void SimWorld::SendCancel(core::SessionId session, const CommandId& command) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  ToWorker(it->second, [command](SimWorker& worker) { worker.Cancel(command); });
}

void SimWorld::End(core::SessionId session, const Failure&, bool) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  const std::shared_ptr<Link> link = it->second;
  Break(link, absl::InfiniteDuration());
}

void SimWorld::Read(core::HubReadRequest request,
                    absl::AnyInvocable<void(core::HubReadResult)> done) {
  auto shared = std::make_shared<absl::AnyInvocable<void(core::HubReadResult)>>(std::move(done));
  const absl::Duration lag = options_.faults.hub_list_lag * random_.Fraction();
  Later(
      absl::Milliseconds(100) + 20 * Latency(), [this, shared, request, lag, alive = node_->alive] {
        if (!*alive) return;
        if (refused_verifiers_.contains(request.zone_id)) {
          return (*shared)(Failure{FailureCode::kHubAuth, "401"});
        }
        if (left_alone_until_ > clock_.Now() && !request.insist) {
          return (*shared)(core::HubUnread({FailureCode::kHubRateLimited, "429"},
                                           left_alone_until_ - clock_.Now()));
        }
        SimHub* hub = HubAt(request.hub_url);
        if (hub == nullptr || hub->IsDown(clock_.Now()) || Chance(options_.faults.hub_read_fails)) {
          return (*shared)(Failure{FailureCode::kHubUnreachable, "nothing answers"});
        }
        core::HubList list;  // An empty one lacks the hub's own record, too.
        list.whole = false;
        if (!Chance(options_.faults.hub_read_empty)) {
          list = hub->List(clock_.Now(), lag);
          if (Chance(options_.faults.hub_read_partial)) {
            list.whole = false;
            std::erase_if(list.instances, [this](const core::HubInstance&) { return Chance(0.5); });
          }
        }
        // Its clock minus ours, in whole seconds, as the Date header has it.
        list.clock_offset += absl::Floor(clock_.Now() - Now(), absl::Seconds(1));
        hubs_read_.emplace(request.zone_id, request.hub_url);
        if (auto react = std::exchange(before_reading_, nullptr)) react();
        (*shared)(std::move(list));
      });
}

}  // namespace muster::sim
