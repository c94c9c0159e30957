#include "tests/sim/sim_worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"

namespace muster::sim {

using core::Outcome;
using store::CommandKind;

SimWorker::SimWorker(Options options, FakeClock& clock, Random& random)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      internal_id_(absl::StrCat("int-", options_.name, "-", random.Base32(8))) {}

void SimWorker::Later(absl::Duration after, std::function<void()> task) {
  clock_.At(clock_.Now() + after, [task = std::move(task)] { task(); });
}

store::ServiceFacts SimWorker::ServiceNow() const {
  store::ServiceFacts facts;
  facts.presence = store::ServicePresence::kRunning;
  facts.internal_instance_id = internal_id_;
  facts.hub_instance_id = HubInstanceId(identity_);
  if (!identity_.empty()) facts.hub_url = joined_url_;
  if (alter_) alter_(facts);
  return facts;
}

core::SessionOpening SimWorker::Hello() const {
  core::SessionOpening opening;
  opening.certificate_id = options_.certificate_id;
  opening.tenant_id = TenantOf(options_.zone_id);
  opening.zone_id = options_.zone_id;
  opening.server_id = options_.server_id;
  opening.address = options_.address;
  opening.machine.machine_name = options_.name;
  opening.machine.machine_id_hash = absl::StrCat("machine of ", internal_id_);
  opening.nonce = nonce_;
  opening.service = ServiceNow();
  for (const auto& [id, entry] : journal_) {
    using Known = core::SessionOpening::JournalEntry::State;
    if (entry.state == State::kAcknowledged || ChangesNothing(entry.kind)) continue;
    opening.journal.push_back({id, entry.attempt,
                               entry.state == State::kReceived  ? Known::kReceived
                               : entry.state == State::kRunning ? Known::kRunning
                                                                : Known::kFinished});
  }
  return opening;
}

void SimWorker::Connected(Outbox outbox) {
  outbox_ = std::move(outbox);
  for (const auto& [id, entry] : journal_) {
    if (entry.state == State::kFinished && !ChangesNothing(entry.kind)) {
      outbox_->finished(entry.report);
    }
  }
}

void SimWorker::Receive(const core::OutboundCommand& command, absl::Duration left) {
  if (command.zone_id != options_.zone_id) options_.violation("a command of another zone");
  if (command.kind == CommandKind::kJoin && command.joining_secret.Reveal() != options_.secret &&
      !more_secrets_.contains(std::string(command.joining_secret.Reveal()))) {
    options_.violation("the joining key of another zone (invariant 6)");
  }
  const auto known = journal_.find(command.command_id);
  if (known != journal_.end()) {
    Entry& entry = known->second;
    entry.attempt = command.attempt_id;
    entry.report.attempt_id = command.attempt_id;
    const bool over = entry.state == State::kFinished || entry.state == State::kAcknowledged;
    if (over && !entry.rejected) {
      if (outbox_.has_value()) outbox_->finished(entry.report);
      return;
    }
    if (!over) {
      Acknowledge(command.command_id);
      return;
    }
  }
  for (const auto& [id, entry] : journal_) {
    if (entry.kind != CommandKind::kJoin || entry.state != State::kRunning) continue;
    options_.violation(absl::StrCat(command.command_id.value(), " came while ", id.value(),
                                    " runs (invariant 11)"));
  }
  Entry& entry = journal_[command.command_id];
  entry = Entry{};
  entry.attempt = command.attempt_id;
  entry.kind = command.kind;
  entry.expires = clock_.Steady() + left;
  entry.hub_url = command.hub_url;
  entry.allow_takeover = command.allow_takeover;
  Acknowledge(command.command_id);
  queue_.push_back(command.command_id);
  RunNext();
}

void SimWorker::Acknowledge(const CommandId& id) {
  const Entry& entry = journal_[id];
  if (outbox_.has_value() && !ChangesNothing(entry.kind)) outbox_->acknowledged(id, entry.attempt);
}

void SimWorker::RunNext() {
  if (running_ || queue_.empty()) return;
  const CommandId id = queue_.front();
  queue_.pop_front();
  Entry& entry = journal_[id];
  if (entry.state != State::kReceived) return RunNext();
  if (clock_.Steady() >= entry.expires) {
    entry.rejected = true;
    return Finish(id, Outcome::kRejected, Failure{FailureCode::kDispatchExpired, "too late"});
  }
  running_ = true;
  entry.state = State::kRunning;
  Begin(id);
}

void SimWorker::Begin(const CommandId& id) {
  if (outbox_.has_value() && !ChangesNothing(journal_[id].kind)) {
    outbox_->started(id, journal_[id].attempt);
  }
  if (journal_[id].kind == CommandKind::kProbe) {
    ++looks_;
    Later(absl::Seconds(1), [this, id, life = life_] {
      if (life == life_) Finish(id, Outcome::kSucceeded, std::nullopt);
    });
    return;
  }
  if (const std::optional<Failure> why = ReasonNotToJoin(id)) {
    journal_[id].rejected = true;
    return Finish(id, Outcome::kRejected, *why);
  }
  if (++executions_[id] > 1) {
    options_.violation(absl::StrCat("command ", id.value(), " was run twice (invariant 2)"));
  }
  ServiceJoin(id);
}

std::optional<Failure> SimWorker::ReasonNotToJoin(const CommandId& id) const {
  const Entry& entry = journal_.at(id);
  if (entry.hub_url != pin_) return Failure{FailureCode::kJoinZoneMismatch, "not the pinned hub"};
  if (joining_ && options_.may_meet_a_join()) {
    return Failure{FailureCode::kJoinStillRunning, "an earlier join never answered"};
  }
  return std::nullopt;
}

std::string SimWorker::Register(const CommandId& id, SimHub& hub, JoinCourse course) {
  if (const auto ghost = ghosts_.find(&hub); ghost != ghosts_.end()) {
    if (options_.was_asked_for(id, ghost->second)) {
      ++ghosts_asked_for_[&hub];
    } else {
      options_.violation(absl::StrCat(id.value(), " of ", options_.name,
                                      " joins beside a ghost that nobody knows of"));
    }
    ghosts_.erase(ghost);
  }
  std::string record = hub.Register(internal_id_, clock_.Now());
  if (course == JoinCourse::kLostOnWayBack) {
    ghosts_[&hub] = options_.audit_head();
    return "";
  }
  return record;
}

void SimWorker::ForgetGhosts() {
  for (const auto& [hub, since] : ghosts_) {
    hub->RemoveGhosts(internal_id_, joined_hub_ == hub ? identity_ : "");
  }
  ghosts_.clear();
}

void SimWorker::ServiceJoin(const CommandId& id) {
  if (joining_) options_.violation("two joins at once on one server (invariant 11)");
  joining_ = true;
  ++joins_;
  const JoinCourse course = options_.course();
  const bool slow = course == JoinCourse::kSlow;
  const auto took =
      slow ? absl::Minutes(10) : absl::Seconds(1 + 250 * random_.Fraction() * random_.Fraction());
  if (slow) {
    Later(absl::Minutes(5), [this, id, life = life_] {
      if (life != life_) return;
      Finish(id, Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer: timeout"});
    });
  }
  const Entry& entry = journal_[id];
  Later(took, [this, id, course, slow, url = entry.hub_url, takeover = entry.allow_takeover,
               life = life_, boot = boots_] {
    if (boot != boots_) return;
    joining_ = false;
    const auto answer = [this, id, life, slow](Outcome outcome, std::optional<Failure> failure) {
      if (life == life_ && !slow) Finish(id, outcome, std::move(failure));
    };
    SimHub* hub = options_.hub_at(url);
    if (hub == nullptr || hub->IsDown(clock_.Now())) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinHubUnreachable, "no answer"});
    }
    if (!identity_.empty() && joined_hub_ != hub && !takeover) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinElsewhere, joined_url_});
    }
    if (course == JoinCourse::kRateLimited) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinRateLimited, "429"});
    }
    if (course == JoinCourse::kKeyRefused) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinKeyRefused, "401"});
    }
    if (course == JoinCourse::kLostOnWayToHub) {
      return answer(Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"});
    }
    const bool known = !identity_.empty() && joined_hub_ == hub;
    const std::string record = known ? identity_ : Register(id, *hub, course);
    if (record.empty()) {
      return answer(Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"});
    }
    if (!identity_.empty() && !known) joined_hub_->Disconnect(identity_);
    identity_ = record;
    joined_hub_ = hub;
    joined_url_ = url;
    if (course != JoinCourse::kNeverConnects) {
      Later(absl::Seconds(1 + 10 * random_.Fraction()), [this, record, hub] {
        if (identity_ == record) {
          hub->Connect(record, internal_id_, options_.name, clock_.Now());
        }
      });
    }
    if (course == JoinCourse::kAnswerLost) {
      return answer(Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "found the identity"});
    }
    answer(Outcome::kSucceeded, std::nullopt);
  });
  options_.join_begins();
}

void SimWorker::Finish(const CommandId& id, Outcome outcome, std::optional<Failure> failure) {
  Entry& entry = journal_[id];
  if (entry.state == State::kRunning) running_ = false;
  entry.state = State::kFinished;
  entry.report.command_id = id;
  entry.report.attempt_id = entry.attempt;
  entry.report.outcome = outcome;
  entry.report.failure = std::move(failure);
  entry.report.service = ServiceNow();
  if (outbox_.has_value()) outbox_->finished(entry.report);
  RunNext();
}

void SimWorker::ResultAcknowledged(const CommandId& command) {
  const auto it = journal_.find(command);
  if (it != journal_.end() && it->second.state == State::kFinished) {
    it->second.state = State::kAcknowledged;
  }
}

void SimWorker::Cancel(const CommandId& command) {
  const auto it = journal_.find(command);
  if (it == journal_.end() || it->second.state != State::kReceived) return;
  it->second.rejected = true;
  Finish(command, Outcome::kRejected, Failure{FailureCode::kDispatchCanceled, "not begun"});
}

void SimWorker::Reenrolled(CertificateId certificate) {
  Restart();
  options_.certificate_id = std::move(certificate);
  journal_.clear();
  nonce_.clear();
}

void SimWorker::PowerOff() {
  ++boots_;
  joining_ = false;
  Restart();
}

void SimWorker::Restart() {
  ++life_;
  queue_.clear();
  running_ = false;
  outbox_.reset();
  std::vector<CommandId> left;
  // What only reads is forgotten with the process.
  std::erase_if(journal_, [](const auto& entry) { return ChangesNothing(entry.second.kind); });
  for (const auto& [id, entry] : journal_) {
    if (entry.state == State::kReceived || entry.state == State::kRunning) left.push_back(id);
  }
  for (const CommandId& id : left) {
    Entry& entry = journal_[id];
    if (entry.kind == CommandKind::kJoin && entry.state == State::kRunning) {
      // Never run again; the service may still be at it.
      Finish(id, Outcome::kInDoubt, Failure{FailureCode::kJoinInterrupted, "the worker restarted"});
    } else {
      entry.rejected = true;
      Finish(id, Outcome::kRejected, Failure{FailureCode::kDispatchNotBegun, "restarted"});
    }
  }
}

}  // namespace muster::sim
