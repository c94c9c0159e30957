#include "orchestrator/rpc/worker/session_registry.h"

#include <algorithm>
#include <utility>

#include "base/crypto/secure_random.h"
#include "base/log.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/worker/session.h"
#include "proto/rpc/joining_secret.h"
#include "proto/rpc/time.h"

namespace muster::rpc {

using muster::worker::v1::OrchestratorMessage;

namespace {
constexpr absl::Duration kLookAtDeliveriesEvery = absl::Seconds(1);
}

SessionRegistry::SessionRegistry(const Clock& clock, Timers& timers, SessionOptions options,
                                 const identity::CertificateAuthority* authority)
    : clock_(clock), timers_(timers), options_(options), pins_(authority) {}

void SessionRegistry::Start() {
  MutexLock lock(&mu_);
  sweeping_ = true;
  ArmSweep();
}

SessionRegistry::~SessionRegistry() { sender_.Stop(); }

void SessionRegistry::Stop() {
  {
    MutexLock lock(&mu_);
    if (std::exchange(sweeping_, false)) timers_.Cancel(sweep_);
    if (delivery_watch_ != 0) timers_.Cancel(std::exchange(delivery_watch_, 0));
  }
  sender_.Stop();
}

void SessionRegistry::ArmSweep() {
  const absl::Duration every =
      std::min({options_.heartbeat_interval, options_.hello_deadline, options_.goodbye_deadline}) /
      2;
  sweep_ = timers_.After(every, [this] { Sweep(); });
}

void SessionRegistry::Sweep() {
  const absl::Duration now = clock_.Steady();
  for (const auto& session : All()) session->CheckAlive(now);
  MutexLock lock(&mu_);
  if (sweeping_) ArmSweep();
}

void SessionRegistry::AwaitDelivery(core::SessionId id) {
  MutexLock lock(&mu_);
  if (!sweeping_) return;
  awaited_.insert(id);
  if (delivery_watch_ == 0) ArmDeliveryWatch();
}

void SessionRegistry::ArmDeliveryWatch() {
  delivery_watch_ = timers_.After(kLookAtDeliveriesEvery, [this] { CheckDeliveries(); });
}

void SessionRegistry::CheckDeliveries() {
  std::vector<std::shared_ptr<Session>> awaited;
  {
    MutexLock lock(&mu_);
    for (const core::SessionId id : awaited_) {
      if (const auto it = sessions_.find(id); it != sessions_.end()) awaited.push_back(it->second);
    }
    awaited_.clear();
  }
  const absl::Duration now = clock_.Steady();
  std::erase_if(awaited, [now](const auto& session) { return !session->CheckDelivery(now); });
  MutexLock lock(&mu_);
  delivery_watch_ = 0;
  if (!sweeping_) return;
  for (const auto& session : awaited) awaited_.insert(session->id());
  if (!awaited_.empty()) ArmDeliveryWatch();
}

void SessionRegistry::NoteMoment(const store::AuditLink& moment) {
  MutexLock lock(&moment_mu_);
  moment_ = moment;
}

void SessionRegistry::StampMoment(OrchestratorMessage& message) const {
  MutexLock lock(&moment_mu_);
  if (moment_.sequence == 0) return;
  message.mutable_moment()->set_event(moment_.sequence);
  message.mutable_moment()->set_hash(moment_.hash);
}

void SessionRegistry::EndAll(const absl::Status& why) {
  {
    MutexLock lock(&mu_);
    refusal_ = why;
  }
  for (const auto& session : All()) session->End(why, /*may_reconnect=*/true);
}

absl::Status SessionRegistry::Add(core::SessionId id, std::shared_ptr<Session> session) {
  MutexLock lock(&mu_);
  if (!refusal_.ok()) return refusal_;
  sessions_[id] = std::move(session);
  return absl::OkStatus();
}

void SessionRegistry::MarkConnected(const ServerId& server, core::SessionId id) {
  MutexLock lock(&mu_);
  if (sessions_.contains(id)) connected_[server] = id;
}

void SessionRegistry::Remove(core::SessionId id, const ServerId& server) {
  MutexLock lock(&mu_);
  sessions_.erase(id);
  const auto it = connected_.find(server);
  if (it != connected_.end() && it->second == id) connected_.erase(it);
}

std::shared_ptr<Session> SessionRegistry::Find(core::SessionId id) const {
  MutexLock lock(&mu_);
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second;
}

std::vector<std::shared_ptr<Session>> SessionRegistry::All() const {
  MutexLock lock(&mu_);
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) all.push_back(session);
  return all;
}

int SessionRegistry::Count() const {
  MutexLock lock(&mu_);
  return static_cast<int>(sessions_.size());
}

bool SessionRegistry::IsConnected(const ServerId& server) const {
  MutexLock lock(&mu_);
  return connected_.contains(server);
}

absl::Duration SessionRegistry::ReconnectSpread() const {
  const absl::Duration whole = absl::Seconds(Count() / options_.reconnects_per_second);
  return std::clamp(whole, absl::Milliseconds(200), absl::Minutes(2));
}

void SessionRegistry::Post(core::SessionId session, absl::AnyInvocable<void(Session&)> task) {
  sender_.Post([this, session, task = std::move(task)]() mutable {
    if (const auto target = Find(session)) task(*target);
  });
}

void SessionRegistry::SendCommand(core::SessionId session, core::OutboundCommand command) {
  Post(session, [this, command = std::move(command)](Session& target) {
    auto message = std::make_unique<OrchestratorMessage>();
    *message->mutable_command() = ToProto(command);
    if (command.kind == store::CommandKind::kJoin) {
      const absl::Status sealed =
          SealJoiningSecret(target.peer().key, command.joining_secret, crypto::SecureRandom(),
                            *message->mutable_command());
      // Without its key the command is refused by the worker, and so is one that was not sealed.
      if (!sealed.ok()) {
        log::Error("a joining key cannot be sealed to its worker",
                   {{"server", target.peer().identity.server_id}, {"reason", sealed}});
      }
    }
    *message->mutable_command()->mutable_time_left() =
        ToProto(std::max(command.expire_time - clock_.Now(), absl::ZeroDuration()));
    StampMoment(*message);
    target.Send(std::move(message));
    target.ExpectWord(clock_.Steady());
    AwaitDelivery(target.id());
  });
}

void SessionRegistry::SendResultAck(core::SessionId session, const CommandId& command) {
  Post(session, [this, command](Session& target) {
    auto message = std::make_unique<OrchestratorMessage>();
    StampMoment(*message);
    message->mutable_result_ack()->set_command_id(command.value());
    target.Send(std::move(message));
  });
}

void SessionRegistry::SendCancel(core::SessionId session, const CommandId& command) {
  Post(session, [command](Session& target) {
    auto message = std::make_unique<OrchestratorMessage>();
    message->mutable_cancel()->set_command_id(command.value());
    target.Send(std::move(message));
  });
}

void SessionRegistry::SendZonePin(core::SessionId session, const core::ZonePin& pin) {
  Post(session, [this, pin](Session& target) {
    auto message = std::make_unique<OrchestratorMessage>();
    *message->mutable_zone_pin() = pins_.Signed(pin);
    target.Send(std::move(message));
  });
}

void SessionRegistry::End(core::SessionId session, const Failure& why, bool may_reconnect) {
  Post(session, [why, may_reconnect](Session& target) {
    target.End(FailureStatus(why.code, why.detail), may_reconnect);
  });
}

}  // namespace muster::rpc
