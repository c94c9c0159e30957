// One file because all of it is the steps of one state machine.
#include "worker/session/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/redact.h"
#include "proto/rpc/time.h"
#include "worker/identity/zone_pin.h"

namespace muster::worker {
namespace {

// A bound on what the orchestrator asks for: its mistake must not become a silence.
constexpr absl::Duration kMaxSpread = absl::Minutes(30);
// A session that lasted so long was no crash at its start.
constexpr absl::Duration kLasting = absl::Seconds(5);
// Between tries of a worker that is refused. An operator's change is seen this much later, and
// an evicted fleet does not keep knocking.
constexpr absl::Duration kRefusedWait = absl::Minutes(10);

// Refusals that the same certificate will meet again.
bool IsIdentityRefused(std::optional<FailureCode> code) {
  return code == FailureCode::kCertRevoked || code == FailureCode::kCertUnknown ||
         code == FailureCode::kCertExpired || code == FailureCode::kCertForeign ||
         code == FailureCode::kBootstrapBanned || code == FailureCode::kBootstrapRejected ||
         code == FailureCode::kTokenRevoked || code == FailureCode::kTokenLocked ||
         code == FailureCode::kTokenExpired || code == FailureCode::kTokenExhausted ||
         code == FailureCode::kSessionProtocol;
}

// How often a worker whose identity is refused looks whether it was enrolled again.
constexpr absl::Duration kLookForIdentity = absl::Seconds(30);
// Clocks that differ by more are reported; certificates and commands have dates.
constexpr absl::Duration kClockTolerance = absl::Minutes(2);
// A service with problems is looked at again this often.
constexpr absl::Duration kLookAgain = absl::Minutes(5);
// Begins the id of the command by which this worker asks itself for a look; the orchestrator's
// begin with "cmd-".
constexpr size_t kLongestNonce = 64;
constexpr char kOwnLook[] = "own-look-";

}  // namespace

std::shared_ptr<Session> Session::Create(const Parts& parts, SessionOptions options) {
  return std::shared_ptr<Session>(new Session(parts, std::move(options)));
}

Session::Session(const Parts& parts, SessionOptions options)
    : parts_(parts),
      options_(std::move(options)),
      identity_(options_.identity),
      runner_({.journal = parts.journal,
               .handlers = parts.handlers,
               .strand = parts.strand,
               .executor = parts.executor,
               .clock = parts.clock,
               .listener = *this}),
      backoff_(options_.backoff, parts.random),
      moment_(options_.moment) {}

Session::~Session() = default;

void Session::Post(void (Session::*method)()) {
  parts_.strand.Post([weak = weak_from_this(), method] {
    if (const auto self = weak.lock()) (self.get()->*method)();
  });
}

void Session::Arm(absl::Duration after, void (Session::*method)()) {
  DisarmTimer();
  const uint64_t generation = ++timer_generation_;
  timer_ = parts_.timers.After(
      after, [weak = weak_from_this(), &strand = parts_.strand, method, generation] {
        strand.Post([weak, method, generation] {
          const auto self = weak.lock();
          if (self == nullptr || self->timer_generation_ != generation) return;
          self->timer_ = 0;
          (self.get()->*method)();
        });
      });
}

void Session::DisarmTimer() {
  if (timer_ != 0) parts_.timers.Cancel(std::exchange(timer_, 0));
  ++timer_generation_;
}

void Session::SetState(SessionState state, const absl::Status& status) {
  state_ = state;
  if (options_.on_state) options_.on_state(state, status);
}

void Session::Start() {
  parts_.strand.Post([self = shared_from_this()] {
    self->runner_.Open();
    if (!self->alive()) return;
    self->WaitThenConnect(self->options_.start_spread * self->parts_.random.Fraction());
  });
}

void Session::Stop(absl::AnyInvocable<void()> done) {
  parts_.strand.Post([self = shared_from_this(), done = std::move(done)]() mutable {
    self->stopped_ = std::move(done);
    self->runner_.Stop();
    self->DisarmTimer();
    self->DropStream();
    if (self->alive()) self->SetState(SessionState::kStopped);
    self->TellStopIfIdle();
  });
}

void Session::TellStopIfIdle() {
  if (stopped_ == nullptr) return;
  if (runner_.idle()) return std::exchange(stopped_, nullptr)();
  // A handler cannot be interrupted; its end is looked for, which needs no signal from it.
  parts_.timers.After(absl::Milliseconds(50), [weak = weak_from_this(), &strand = parts_.strand] {
    strand.Post([weak] {
      if (const auto self = weak.lock()) self->TellStopIfIdle();
    });
  });
}

void Session::Reconnect(std::string ca_bundle_pem) {
  parts_.strand.Post(
      [self = shared_from_this(), ca_bundle_pem = std::move(ca_bundle_pem)]() mutable {
        self->identity_.ca_bundle_pem = std::move(ca_bundle_pem);
        self->reconnect_wanted_ = true;
        self->ReconnectIfIdle();
      });
}

bool Session::TakeReplacedIdentity() {
  auto replaced = options_.replaced_identity ? options_.replaced_identity() : std::nullopt;
  if (!replaced.has_value()) return false;
  log::Info("this worker has another identity now", {{"zone", replaced->zone_pin.zone_id()}});
  identity_ = *std::move(replaced);
  for (const auto& handler : parts_.handlers) handler->SetZonePin(identity_.zone_pin);
  backoff_.Reset();
  return true;
}

void Session::Reload() {
  parts_.strand.Post([self = shared_from_this()] {
    if (!self->alive()) return;
    const bool replaced = self->TakeReplacedIdentity();
    switch (self->state_) {
      case SessionState::kOpen:
        self->reconnect_wanted_ = self->reconnect_wanted_ || replaced;
        return self->ReconnectIfIdle();
      case SessionState::kConnecting:
        if (!replaced) return;
        self->DropStream();
        return self->WaitThenConnect(absl::ZeroDuration());
      case SessionState::kWaiting:
        self->DisarmTimer();
        return self->Connect();
      case SessionState::kStopped:
      case SessionState::kEnded:
        return;
    }
  });
}

void Session::ReconnectIfIdle() {
  if (!reconnect_wanted_ || !runner_.idle() || state_ != SessionState::kOpen) return;
  DropStream();
  WaitThenConnect(absl::ZeroDuration());
}

void Session::WaitThenConnect(absl::Duration wait) {
  SetState(SessionState::kWaiting);
  Arm(wait, &Session::Connect);
}

void Session::Connect() {
  goodbye_.reset();
  reconnect_wanted_ = false;
  const uint64_t generation = ++generation_;
  StreamEvents events;
  events.on_message = [weak = weak_from_this(), &strand = parts_.strand,
                       generation](v1::OrchestratorMessage message) {
    strand.Post([weak, generation, message = std::move(message)]() mutable {
      const auto self = weak.lock();
      if (self != nullptr && self->generation_ == generation) self->OnMessage(std::move(message));
    });
  };
  events.on_closed = [weak = weak_from_this(), &strand = parts_.strand,
                      generation](absl::Status status) {
    strand.Post([weak, generation, status = std::move(status)] {
      const auto self = weak.lock();
      if (self != nullptr && self->generation_ == generation) self->OnClosed(status);
    });
  };
  stream_ = parts_.transport.Connect(std::move(events));
  SetState(SessionState::kConnecting);
  v1::WorkerMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_revision(kProtocolRevision);
  *hello.mutable_machine() = options_.machine;
  if (service_.has_value()) *hello.mutable_service() = *service_;
  if (problem_.has_value()) {
    hello.add_problems()->set_code(TextOf(problem_->code));
    hello.mutable_problems(0)->set_detail(problem_->detail);
  }
  if (pace_.learned().has_value()) {
    *hello.mutable_heartbeat_interval() = rpc::ToProto(*pace_.learned());
  }
  *hello.mutable_zone_pin() = identity_.zone_pin;
  *hello.mutable_worker_time() = rpc::ToProto(parts_.clock.Now());
  hello.set_answers_pings(true);
  if (moment_.has_value()) *hello.mutable_moment() = *moment_;
  hello.set_session_nonce(identity_.nonce);
  hello.set_boot_id_hash(options_.boot);
  for (v1::JournalEntry& entry : runner_.OpenEntries()) *hello.add_journal() = std::move(entry);
  if (!alive()) return;  // The journal was lost meanwhile.
  stream_->Send(std::move(message));
  Arm(options_.welcome_timeout, &Session::WelcomeOverdue);
}

void Session::WelcomeOverdue() {
  DropStream();
  const absl::Duration wait = backoff_.Next();
  log::Warning("the orchestrator does not answer", {{"retry_in", wait}});
  WaitThenConnect(wait);
}

void Session::DropStream() {
  ++generation_;
  if (stream_ != nullptr) stream_->Close();
  stream_.reset();
}

void Session::Send(v1::WorkerMessage message) {
  // Before Welcome nothing is lost: Hello's journal and the results after Welcome say the same.
  if (state_ != SessionState::kOpen || stream_ == nullptr) return;
  traffic_ = parts_.clock.Steady();
  stream_->Send(std::move(message));
}

void Session::DidWork() {
  did_work_ = true;
  backoff_.Reset();
}

void Session::OnMessage(v1::OrchestratorMessage message) {
  using Kind = v1::OrchestratorMessage;
  traffic_ = parts_.clock.Steady();
  if (state_ == SessionState::kConnecting && message.message_case() != Kind::kWelcome &&
      message.message_case() != Kind::kGoodbye) {
    return OnClosed(absl::InternalError("the orchestrator spoke before its Welcome"));
  }
  if (message.has_moment() &&
      (!moment_.has_value() || moment_->event() != message.moment().event() ||
       moment_->hash() != message.moment().hash())) {
    moment_ = message.moment();
    if (options_.keep_moment) options_.keep_moment(*moment_);
  }
  switch (message.message_case()) {
    case Kind::kWelcome:
      return OnWelcome(message.welcome());
    case Kind::kCommand:
      return runner_.Receive(std::move(*message.mutable_command()));
    case Kind::kResultAck:
      DidWork();
      return runner_.Acknowledge(CommandId(message.result_ack().command_id()));
    case Kind::kCancel:
      return runner_.Cancel(CommandId(message.cancel().command_id()));
    case Kind::kPing: {
      v1::WorkerMessage pong;
      pong.mutable_pong()->set_number(message.ping().number());
      return Send(std::move(pong));
    }
    case Kind::kZonePin:
      if (message.zone_pin().zone_id() != identity_.zone_pin.zone_id()) return;  // Not for us.
      return WeighPin(message.zone_pin());
    case Kind::kGoodbye:
      goodbye_ = std::move(*message.mutable_goodbye());
      return;
    case Kind::MESSAGE_NOT_SET:
      return;  // Of a newer orchestrator; commands of unknown kind are another matter.
  }
}

void Session::OnWelcome(const v1::Welcome& welcome) {
  if (state_ != SessionState::kConnecting) return;
  if (welcome.has_zone_pin() && welcome.zone_pin().zone_id() != identity_.zone_pin.zone_id()) {
    problem_ = Failure{
        FailureCode::kJoinZoneMismatch,
        absl::StrCat("this worker is of zone ", identity_.zone_pin.zone_id(),
                     ", but the orchestrator names ", CleanLine(welcome.zone_pin().zone_id()))};
    DropStream();
    return WaitRefused(FailureStatus(problem_->code, problem_->detail));
  }
  problem_.reset();
  KeepNonce(welcome.session_nonce());
  if (welcome.has_server_time()) {
    runner_.SetClockOffset(rpc::FromProto(welcome.server_time()) - parts_.clock.Now());
    NoteClock(welcome);
  }
  if (welcome.has_heartbeat_interval()) {
    pace_.OnWelcome(rpc::FromProto(welcome.heartbeat_interval()));
  }
  opened_ = parts_.clock.Steady();
  did_work_ = false;
  reconnect_spread_ =
      std::clamp(rpc::FromProto(welcome.reconnect_spread()), absl::ZeroDuration(), kMaxSpread);
  SetState(SessionState::kOpen);
  if (welcome.has_zone_pin()) WeighPin(welcome.zone_pin());
  for (v1::CommandResult& result : runner_.UnacknowledgedResults()) SendResult(std::move(result));
  if (!alive()) return;
  runner_.PruneNow();
  if (!alive()) return;
  // The first beat at a random point of the interval: a fleet that came back together shall not
  // beat together.
  Arm(pace_.interval() * (0.5 + 0.5 * parts_.random.Fraction()), &Session::Beat);
  ReconnectIfIdle();
}

void Session::KeepNonce(const std::string& nonce) {
  if (nonce.empty() || nonce.size() > kLongestNonce) return;  // Of an older orchestrator.
  const absl::Status kept = options_.keep_nonce ? options_.keep_nonce(nonce) : absl::OkStatus();
  if (kept.ok()) {
    identity_.nonce = nonce;
  } else {
    log::Warning("the data directory takes no note", {{"reason", kept}});
  }
}

void Session::WeighPin(const v1::ZonePin& offered) {
  v1::WorkerMessage message;
  v1::ZonePinHeld& held = *message.mutable_zone_pin_held();
  switch (JudgePin(identity_.zone_pin, offered, identity_.ca_bundle_pem)) {
    case PinDecision::kSame:
    case PinDecision::kOtherZone:
      return;
    case PinDecision::kNewer: {
      const absl::Status kept = options_.keep_pin ? options_.keep_pin(offered) : absl::OkStatus();
      if (kept.ok()) {
        log::Info("zone pin changed", {{"hub", CleanLine(offered.hub_url())},
                                       {"allow_cli_join", offered.allow_cli_join()},
                                       {"service_account", CleanLine(offered.service_account())},
                                       {"version", offered.version()}});
        identity_.zone_pin = offered;
        for (const auto& handler : parts_.handlers) handler->SetZonePin(offered);
      } else {
        held.set_problem(absl::StrCat("it cannot be kept: ", kept.message()));
      }
      break;
    }
    case PinDecision::kOlder:
      held.set_problem(absl::StrCat("the pin of version ", offered.version(),
                                    " is not newer than that of version ",
                                    identity_.zone_pin.version(), ", which is held"));
      break;
    case PinDecision::kUnsigned:
      held.set_problem("the offered pin does not carry the authority's signature");
      break;
  }
  if (!held.problem().empty()) {
    log::Warning("zone pin not taken", {{"offered_hub", CleanLine(offered.hub_url())},
                                        {"hub", identity_.zone_pin.hub_url()},
                                        {"reason", held.problem()}});
  }
  *held.mutable_zone_pin() = identity_.zone_pin;
  Send(std::move(message));
}

void Session::NoteClock(const v1::Welcome& welcome) {
  const absl::Duration offset = rpc::FromProto(welcome.server_time()) - parts_.clock.Now();
  if (absl::AbsDuration(offset) <= kClockTolerance) return;
  log::Warning(
      "clocks differ",
      {{"reason", FailureStatus(FailureCode::kClockSkew,
                                absl::StrCat("this server's clock is ",
                                             absl::FormatDuration(absl::Trunc(
                                                 absl::AbsDuration(offset), absl::Seconds(1))),
                                             offset > absl::ZeroDuration()
                                                 ? " behind the orchestrator's"
                                                 : " ahead of the orchestrator's"))}});
}

void Session::WaitRefused(const absl::Status& why) {
  const absl::Duration wait =
      backoff_.Next() + kRefusedWait * (0.5 + 0.5 * parts_.random.Fraction());
  log::Error("this worker is refused; it keeps trying",
             {{"reason", CleanLine(why.message(), kMaxForeignText)}, {"retry_in", wait}});
  refused_until_ = parts_.clock.Steady() + wait;
  SetState(SessionState::kWaiting, why);
  Arm(options_.replaced_identity ? std::min(wait, kLookForIdentity) : wait, &Session::CheckRefused);
}

void Session::CheckRefused() {
  if (TakeReplacedIdentity()) return Connect();
  const absl::Duration left = refused_until_ - parts_.clock.Steady();
  if (left <= absl::ZeroDuration()) return Connect();
  Arm(std::min(left, kLookForIdentity), &Session::CheckRefused);
}

void Session::Beat() {
  DidWork();
  pace_.OnBeat(parts_.clock.Steady() - opened_);
  v1::WorkerMessage message;
  *message.mutable_heartbeat()->mutable_worker_time() = rpc::ToProto(parts_.clock.Now());
  Send(std::move(message));
  runner_.PruneNow();
  if (alive()) Arm(pace_.interval(), &Session::Beat);
  if (alive()) LookAtServiceIfDue();
}

void Session::LookAtServiceIfDue() {
  if (!options_.look_by_itself || looking_at_service_) return;
  const bool first = looked_at_service_ == -absl::InfiniteDuration();
  const bool ailing = service_.has_value() && service_->problems_size() > 0;
  if (!first && (!ailing || parts_.clock.Steady() - looked_at_service_ < kLookAgain)) return;
  looking_at_service_ = true;
  v1::Command look;
  look.set_command_id(absl::StrCat(kOwnLook, ++own_looks_));
  look.mutable_probe();
  runner_.Receive(std::move(look));
}

void Session::OnClosed(const absl::Status& status) {
  const bool was_open = state_ == SessionState::kOpen;
  DropStream();
  if (was_open && !goodbye_.has_value()) {
    const absl::Duration now = parts_.clock.Steady();
    pace_.OnCut(now - traffic_, now - opened_);
    if (now - opened_ >= kLasting) DidWork();
  }
  absl::Status why = status;
  bool refused = IsIdentityRefused(FailureCodeOf(status));
  if (goodbye_.has_value()) {
    const auto code = FindFailureCode(goodbye_->code());
    const std::string detail = CleanLine(goodbye_->detail());
    why = code.has_value() ? FailureStatus(*code, detail)
                           : absl::UnavailableError(absl::StrCat(goodbye_->code(), " ", detail));
    refused = IsIdentityRefused(code) || !goodbye_->may_reconnect();
  } else if (!was_open && !FailureCodeOf(status).has_value() && options_.own_problem) {
    // TLS ends a connection with a certificate that is out of date without a word.
    if (const auto problem = options_.own_problem()) {
      why = FailureStatus(problem->code, problem->detail);
      refused = true;
    }
  }
  absl::Duration wait = backoff_.Next() + (was_open ? reconnect_spread_ : absl::ZeroDuration()) *
                                              parts_.random.Fraction();
  if (refused) return WaitRefused(why);
  log::Info(was_open ? "session ended" : "session not opened",
            {{"reason", CleanLine(why.message())}, {"retry_in", wait}});
  WaitThenConnect(wait);
  if (!was_open && !goodbye_.has_value() && !FailureCodeOf(status).has_value()) LookAtPeer();
}

void Session::LookAtPeer() {
  if (!options_.look_at_peer || std::exchange(looking_at_peer_, true)) return;
  parts_.executor.Run(
      [weak = weak_from_this(), &strand = parts_.strand, look = options_.look_at_peer()]() mutable {
        auto seen = look();
        strand.Post([weak, seen = std::move(seen)] {
          const auto self = weak.lock();
          if (self == nullptr) return;
          self->looking_at_peer_ = false;
          if (seen.has_value() && self->alive()) self->OnPeerSeen(*seen);
        });
      });
}

// It keeps trying as before: a clock that is put right is seen at the next try.
void Session::OnPeerSeen(const Failure& seen) {
  log::Warning("the orchestrator cannot be talked to",
               {{"reason", FailureStatus(seen.code, CleanLine(seen.detail))}});
  if (state_ == SessionState::kWaiting && options_.on_state) {
    options_.on_state(state_, FailureStatus(seen.code, CleanLine(seen.detail)));
  }
}

void Session::End(const absl::Status& status) {
  DisarmTimer();
  runner_.Stop();
  DropStream();
  SetState(SessionState::kEnded, status);
}

void Session::OnAccepted(const CommandId& command, const AttemptId& attempt) {
  v1::WorkerMessage message;
  message.mutable_ack()->set_command_id(command.value());
  message.mutable_ack()->set_attempt_id(attempt.value());
  Send(std::move(message));
}

void Session::OnStarted(const CommandId& command, const AttemptId& attempt, absl::Time start) {
  v1::WorkerMessage message;
  message.mutable_started()->set_command_id(command.value());
  message.mutable_started()->set_attempt_id(attempt.value());
  *message.mutable_started()->mutable_start_time() = rpc::ToProto(start);
  Send(std::move(message));
}

void Session::OnFinished(v1::CommandResult result) {
  if (result.has_probe() && result.probe().has_service()) service_ = result.probe().service();
  if (result.has_join() && result.join().has_service()) service_ = result.join().service();
  looked_at_service_ = parts_.clock.Steady();
  if (absl::StartsWith(result.command_id(), kOwnLook)) {
    looking_at_service_ = false;
    if (!service_.has_value()) return;
    v1::WorkerMessage message;
    *message.mutable_heartbeat()->mutable_service() = *service_;
    Send(std::move(message));
  } else {
    SendResult(std::move(result));
  }
  if (reconnect_wanted_) Post(&Session::ReconnectIfIdle);
}

void Session::SendResult(v1::CommandResult result) {
  v1::WorkerMessage message;
  *message.mutable_result() = std::move(result);
  Send(std::move(message));
}

void Session::OnJournalLost(const absl::Status& status) { End(status); }

}  // namespace muster::worker
