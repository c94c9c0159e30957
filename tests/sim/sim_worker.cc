#include "tests/sim/sim_worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"

namespace muster::sim {

using core::Outcome;
using store::CommandKind;

SimWorker::SimWorker(Options options, FakeClock& clock, Random& random, SimHub& hub)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      hub_(hub),
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

void SimWorker::Receive(const core::OutboundCommand& command) {
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
  entry.expire_time = command.expire_time;
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
  if (clock_.Now() >= entry.expire_time) {
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
    Later(absl::Seconds(1), [this, id, life = life_] {
      if (life == life_) Finish(id, Outcome::kSucceeded, std::nullopt);
    });
    return;
  }
  if (++executions_[id] > 1) {
    options_.violation(absl::StrCat("command ", id.value(), " was run twice (invariant 2)"));
  }
  ServiceJoin(id);
}

void SimWorker::ServiceJoin(const CommandId& id) {
  if (joining_) options_.violation("two joins at once on one server (invariant 11)");
  if (left_ghost_) options_.violation("a join after a ghost: its doubt was not settled");
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
  Later(took, [this, id, course, slow, life = life_, boot = boots_] {
    if (boot != boots_) return;
    joining_ = false;
    const absl::Time now = clock_.Now();
    const auto answer = [this, id, life, slow](Outcome outcome, std::optional<Failure> failure) {
      if (life == life_ && !slow) Finish(id, outcome, std::move(failure));
    };
    if (course == JoinCourse::kRateLimited) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinRateLimited, "429"});
    }
    if (course == JoinCourse::kKeyRefused) {
      return answer(Outcome::kFailed, Failure{FailureCode::kJoinKeyRefused, "401"});
    }
    if (course == JoinCourse::kLostOnWayToHub) {
      return answer(Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"});
    }
    const bool known = !identity_.empty();
    const std::string record = known ? identity_ : hub_.Register(internal_id_, now);
    if (course == JoinCourse::kLostOnWayBack && !known) {
      left_ghost_ = true;
      return answer(Outcome::kInDoubt, Failure{FailureCode::kJoinAnswerLost, "no answer"});
    }
    identity_ = record;
    joined_url_ = hub_.url();
    if (course != JoinCourse::kNeverConnects) {
      Later(absl::Seconds(1 + 10 * random_.Fraction()),
            [this, record] { hub_.Connect(record, internal_id_, options_.name, clock_.Now()); });
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
