#include "orchestrator/rpc/worker/session.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "orchestrator/rpc/facts.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

constexpr int kProtocolRevision = 1;

// What an operator decided, or what the same certificate meets again until one does. A worker that
// hears it comes back seldom, never not at all: the orchestrator may be the one that is wrong.
bool MayReconnect(const absl::Status& refusal) {
  const auto code = FailureCodeOf(refusal);
  return code != FailureCode::kCertUnknown && code != FailureCode::kCertRevoked &&
         code != FailureCode::kCertForeign && code != FailureCode::kCertExpired &&
         code != FailureCode::kBootstrapBanned && code != FailureCode::kSessionPutOut;
}

}  // namespace

Session::Session(core::SessionId id, PeerWorker peer, std::string address,
                 SessionRegistry& registry, core::WorkerEvents& events)
    : id_(id),
      peer_(std::move(peer)),
      address_(std::move(address)),
      registry_(registry),
      events_(events) {
  Touch();
}

void Session::Touch() {
  heard_us_.store(absl::ToInt64Microseconds(registry_.clock().Steady()), std::memory_order_relaxed);
}

absl::Duration Session::Heard() const {
  return absl::Microseconds(heard_us_.load(std::memory_order_relaxed));
}

void Session::Begin(SessionStream& stream) {
  const absl::Status admitted = registry_.Add(id_, shared_from_this());
  MutexLock lock(&mu_);
  stream_ = &stream;
  if (!admitted.ok()) {
    EndLocked(admitted, /*may_reconnect=*/true);
    return;
  }
  stream_->Read(&incoming_);
}

void Session::ReadNext() {
  MutexLock lock(&mu_);
  if (stream_ != nullptr && !finished_) stream_->Read(&incoming_);
}

void Session::OnReadDone(bool ok) {
  if (!ok) {  // The worker is gone, or we finished.
    MutexLock lock(&mu_);
    if (!finish_with_.has_value()) finish_with_ = absl::OkStatus();
    phase_ = Phase::kEnding;
    Pump();
    return;
  }
  Touch();
  Phase phase;
  {
    MutexLock lock(&mu_);
    phase = phase_;
  }
  switch (phase) {
    case Phase::kAwaitingHello:
      HandleHello();
      return;  // The next read begins when the core has granted the session.
    case Phase::kOpening:
      return;
    case Phase::kOpen:
      Handle(incoming_);
      break;
    case Phase::kEnding:
      break;  // What still comes is read and dropped, until the stream ends.
  }
  incoming_.Clear();
  ReadNext();
}

void Session::HandleHello() {
  if (!incoming_.has_hello()) {
    End(FailureStatus(FailureCode::kSessionProtocol, "the first message was not Hello"), true);
    return;
  }
  const auto& hello = incoming_.hello();
  if (hello.protocol_revision() != kProtocolRevision) {
    End(FailureStatus(FailureCode::kSessionProtocol,
                      absl::StrCat("the worker speaks revision ", hello.protocol_revision(),
                                   ", the orchestrator ", kProtocolRevision)),
        true);
    return;
  }
  core::SessionOpening opening{.session = id_,
                               .certificate_id = peer_.certificate_id,
                               .tenant_id = peer_.identity.tenant_id,
                               .zone_id = peer_.identity.zone_id,
                               .server_id = peer_.identity.server_id,
                               .address = address_,
                               .machine = FromProto(hello.machine()),
                               .journal = JournalOf(hello),
                               .public_key_hash = peer_.public_key_hash,
                               .not_before = peer_.not_before,
                               .not_after = peer_.not_after};
  if (hello.has_service() || hello.problems_size() > 0) {
    opening.problems = ProblemsOf(hello.problems());
    for (Failure& lasting : ProblemsOf(hello.service().problems())) {
      opening.problems->push_back(std::move(lasting));
    }
  }
  if (hello.has_zone_pin()) opening.pin = registry_.pins().Believed(hello.zone_pin());
  if (hello.has_worker_time()) {
    opening.clock_offset = rpc::FromProto(hello.worker_time()) - registry_.clock().Now();
    clock_is_off_ = absl::AbsDuration(*opening.clock_offset) > core::kClockTolerance;
  }
  if (hello.has_moment()) {
    opening.moment = store::AuditLink{hello.moment().event(), hello.moment().hash()};
  }
  opening.nonce = CutText(hello.session_nonce());
  opening.boot = CutText(hello.boot_id_hash());
  const bool answers_pings = hello.answers_pings();
  if (hello.has_service()) {
    opening.service = FromProto(hello.service());
    facts_hash_ = std::hash<std::string>{}(hello.service().SerializeAsString());
  }
  incoming_.Clear();
  {
    MutexLock lock(&mu_);
    if (phase_ != Phase::kAwaitingHello) return;
    phase_ = Phase::kOpening;
    told_core_ = true;
    answers_pings_ = answers_pings;
  }
  events_.OpenSession(std::move(opening),
                      [self = shared_from_this()](absl::StatusOr<core::SessionGrant> grant) {
                        self->OnOpened(std::move(grant));
                      });
}

void Session::OnOpened(absl::StatusOr<core::SessionGrant> grant) {
  if (!grant.ok()) {
    log::Warning(
        "worker refused",
        {{"server", peer_.identity.server_id}, {"address", address_}, {"reason", grant.status()}});
    End(grant.status(), MayReconnect(grant.status()));
    return;
  }
  {
    MutexLock lock(&mu_);
    if (stream_ == nullptr || phase_ != Phase::kOpening) return;  // Gone meanwhile.
    phase_ = Phase::kOpen;
    queue_.insert(queue_.begin(), Welcome(*grant));
    Pump();
  }
  registry_.MarkConnected(peer_.identity.server_id, id_);
  events_.SessionReady(id_);
  ReadNext();
}

Session::Outgoing Session::Welcome(const core::SessionGrant& grant) const {
  auto message = std::make_unique<OrchestratorMessage>();
  registry_.StampMoment(*message);
  auto& welcome = *message->mutable_welcome();
  *welcome.mutable_server_time() = ToProto(registry_.clock().Now());
  *welcome.mutable_heartbeat_interval() = ToProto(registry_.options().heartbeat_interval);
  *welcome.mutable_reconnect_spread() = ToProto(registry_.ReconnectSpread());
  *welcome.mutable_zone_pin() = registry_.pins().Signed(grant.pin);
  welcome.set_session_nonce(grant.nonce);
  return message;
}

void Session::Handle(const WorkerMessage& message) {
  switch (message.message_case()) {
    case WorkerMessage::kHeartbeat: {
      if (message.heartbeat().has_worker_time()) {
        NoteWorkerTime(rpc::FromProto(message.heartbeat().worker_time()));
      }
      if (!message.heartbeat().has_service()) return;
      const auto& service = message.heartbeat().service();
      const size_t hash = std::hash<std::string>{}(service.SerializeAsString());
      if (hash == std::exchange(facts_hash_, hash)) return;  // Nothing new for the strand.
      events_.Facts(id_, FromProto(service), ProblemsOf(service.problems()));
      return;
    }
    case WorkerMessage::kAck:
      events_.Acknowledged(id_, CommandId(message.ack().command_id()),
                           AttemptId(message.ack().attempt_id()));
      return;
    case WorkerMessage::kStarted:
      events_.Started(id_, CommandId(message.started().command_id()),
                      AttemptId(message.started().attempt_id()));
      return;
    case WorkerMessage::kResult:
      events_.Finished(id_, FromProto(message.result()));
      return;
    case WorkerMessage::kZonePinHeld: {
      const auto& held = message.zone_pin_held();
      std::string problem = CutText(held.problem());
      auto pin = registry_.pins().Believed(held.zone_pin());
      if (!pin.has_value()) {  // Of an enrollment before pins were signed.
        pin = {peer_.identity.zone_id, CutText(held.zone_pin().hub_url()),
               held.zone_pin().allow_cli_join(), 0, CutText(held.zone_pin().service_account())};
      }
      events_.PinHeld(id_, *std::move(pin), std::move(problem));
      return;
    }
    case WorkerMessage::kPong:
      return;  // That it was heard is all it says.
    case WorkerMessage::kHello:
      End(FailureStatus(FailureCode::kSessionProtocol, "a second Hello"), true);
      return;
    case WorkerMessage::MESSAGE_NOT_SET:
      return;  // A kind of a newer worker's: Hello's revision promises that it may be ignored.
  }
}

void Session::NoteWorkerTime(absl::Time worker_time) {
  const absl::Duration offset = worker_time - registry_.clock().Now();
  const bool is_off = absl::AbsDuration(offset) > core::kClockTolerance;
  if (std::exchange(clock_is_off_, is_off) != is_off) events_.ClockSeen(id_, offset);
}

void Session::Send(Outgoing message) {
  MutexLock lock(&mu_);
  if (stream_ == nullptr || phase_ != Phase::kOpen) {
    return;
  }
  if (static_cast<int>(queue_.size()) >= registry_.options().max_queued_messages) {
    log::Warning("worker does not read, session dropped",
                 {{"server", peer_.identity.server_id}, {"address", address_}});
    queue_.clear();
    phase_ = Phase::kEnding;
    finish_with_ = absl::UnavailableError("the worker does not read what it is sent");
    stream_->Cancel();
    Pump();
    return;
  }
  queue_.push_back(std::move(message));
  Pump();
}

void Session::End(const absl::Status& why, bool may_reconnect) {
  MutexLock lock(&mu_);
  EndLocked(why, may_reconnect);
}

void Session::EndLocked(const absl::Status& why, bool may_reconnect) {
  if (stream_ == nullptr || finish_with_.has_value()) return;
  phase_ = Phase::kEnding;
  finish_with_ = why;
  Touch();
  queue_.clear();
  auto message = std::make_unique<OrchestratorMessage>();
  auto& goodbye = *message->mutable_goodbye();
  if (const auto code = FailureCodeOf(why)) goodbye.set_code(TextOf(*code));
  goodbye.set_detail(DetailOf(why));
  goodbye.set_may_reconnect(may_reconnect);
  queue_.push_back(std::move(message));
  Pump();
}

void Session::OnWriteDone(bool ok) {
  MutexLock lock(&mu_);
  writing_.reset();
  if (!ok) {  // The stream is broken; OnCancel or the read says so too.
    queue_.clear();
    phase_ = Phase::kEnding;
    if (!finish_with_.has_value()) finish_with_ = absl::CancelledError("the stream broke");
  }
  Pump();
}

void Session::OnCancel() {
  MutexLock lock(&mu_);
  queue_.clear();
  phase_ = Phase::kEnding;
  if (!finish_with_.has_value()) finish_with_ = absl::CancelledError("the worker is gone");
  Pump();
}

void Session::Pump() {
  if (stream_ == nullptr || finished_ || writing_ != nullptr) return;
  if (!queue_.empty()) {
    writing_ = std::move(queue_.front());
    queue_.erase(queue_.begin());
    if (queue_.empty()) queue_.shrink_to_fit();
    stream_->Write(writing_.get());
    return;
  }
  if (finish_with_.has_value()) {
    finished_ = true;
    stream_->Finish(*finish_with_);
  }
}

void Session::OnDone() {
  bool tell = false;
  {
    MutexLock lock(&mu_);
    stream_ = nullptr;
    tell = std::exchange(told_core_, false);
  }
  registry_.Remove(id_, peer_.identity.server_id);
  if (tell) events_.SessionEnded(id_);
}

void Session::ExpectWord(absl::Duration now) {
  MutexLock lock(&mu_);
  if (delivered_.has_value() && Heard() <= *delivered_) return;  // Still waits for an earlier one.
  delivered_ = now;
  pinged_.reset();
}

bool Session::CheckDelivery(absl::Duration now) {
  const SessionOptions& options = registry_.options();
  MutexLock lock(&mu_);
  if (stream_ == nullptr || phase_ != Phase::kOpen || !delivered_.has_value()) return false;
  if (Heard() > *delivered_) {
    delivered_.reset();
    return false;
  }
  if (now - *delivered_ < options.delivery_patience) return true;
  if (!answers_pings_) return false;
  if (!pinged_.has_value()) {
    pinged_ = now;
    auto message = std::make_unique<OrchestratorMessage>();
    message->mutable_ping()->set_number(id_);
    queue_.push_back(std::move(message));
    Pump();
    return true;
  }
  if (now - *pinged_ < options.ping_patience) return true;
  log::Info("worker does not answer, session ended", {{"server", peer_.identity.server_id},
                                                      {"address", address_},
                                                      {"silent_since_command", now - *delivered_}});
  EndLocked(absl::UnavailableError("neither a command nor a ping was answered"), true);
  stream_->Cancel();
  return false;
}

void Session::CheckAlive(absl::Duration now) {
  const absl::Duration silence = now - Heard();
  const SessionOptions& options = registry_.options();
  MutexLock lock(&mu_);
  if (stream_ == nullptr) return;
  switch (phase_) {
    case Phase::kAwaitingHello:
      if (silence > options.hello_deadline) {
        EndLocked(FailureStatus(FailureCode::kSessionProtocol, "no Hello came in time"), true);
      }
      return;
    case Phase::kOpening:
      return;  // The core's turn; it always answers.
    case Phase::kOpen:
      if (silence > options.heartbeat_interval * options.missed_heartbeats) {
        log::Info("worker is silent, session ended",
                  {{"server", peer_.identity.server_id}, {"silence", silence}});
        EndLocked(absl::UnavailableError("no heartbeat came in time"), true);
        stream_->Cancel();
      }
      return;
    case Phase::kEnding:
      if (silence > options.goodbye_deadline) stream_->Cancel();
      return;
  }
}

}  // namespace muster::rpc
