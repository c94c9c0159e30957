#include "orchestrator/net/connection_gate.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::net {
namespace {

// Subnets that wait; whoever has more than that is not stopped by their waiting.
constexpr size_t kMostWaits = 4096;

absl::Time AsTime(absl::Duration steady) { return absl::UnixEpoch() + steady; }

}  // namespace

absl::string_view Name(Refusal refusal) {
  switch (refusal) {
    case Refusal::kFull:
      return "the listener is full";
    case Refusal::kAddress:
      return "too many of its address";
    case Refusal::kSubnet:
      return "too many of its /64";
    case Refusal::kUnproven:
      return "too many of its address have made no call yet";
    case Refusal::kSilent:
      return "it said nothing";
    case Refusal::kNotTls:
      return "it does not speak TLS";
    case Refusal::kTurn:
      return "too many handshakes before it";
    case Refusal::kDescriptors:
      return "no file descriptors left";
    case Refusal::kTooMuch:
      return "it sends more than it may";
    case Refusal::kCalls:
      return "it makes more calls than it may";
    case Refusal::kCertificate:
      return "too many connections show its certificate";
  }
  return "unknown";
}

int64_t GateCounts::refused_in_all() const {
  return std::accumulate(refused.begin(), refused.end(), int64_t{0});
}

ConnectionGate::ConnectionGate(const GateLimits& limits, absl::Duration now)
    : limits_(limits),
      turns_(limits.turns_per_second * 60, std::max(1.0, limits.turns_per_second), AsTime(now)) {}

ConnectionGate::Count ConnectionGate::CountOf(const std::string& name) const {
  const auto found = addresses_.find(name);
  return found == addresses_.end() ? Count{} : found->second;
}

std::optional<Refusal> ConnectionGate::LimitOf(const PeerAddress& peer) const {
  if (CountOf(peer.address).open >= limits_.per_address) return Refusal::kAddress;
  const Count subnet = CountOf(peer.subnet);
  if (peer.subnet != peer.address && subnet.open >= limits_.per_subnet) return Refusal::kSubnet;
  if (subnet.unproven >= limits_.unproven_per_subnet) return Refusal::kUnproven;
  return std::nullopt;
}

std::optional<ConnectionId> ConnectionGate::OldestSilentOf(const PeerAddress& peer) const {
  const auto of = silent_of_.find(peer.subnet);
  if (of == silent_of_.end()) return std::nullopt;
  return *of->second.begin();  // None is kept empty.
}

bool ConnectionGate::IsFull() const {
  return counts_.connections >= limits_.connections || counts_.unproven >= limits_.unproven;
}

bool ConnectionGate::Refuses(const PeerAddress& peer) const {
  return IsFull() || LimitOf(peer).has_value();
}

ConnectionGate::Arrival ConnectionGate::Arrive(ConnectionId id, const PeerAddress& peer,
                                               absl::Duration now) {
  if (const auto wait = waits_.find(peer.subnet);
      wait != waits_.end() && now < wait->second.until) {
    CountRefusal(Refusal::kTooMuch);
    return {.refusal = Refusal::kTooMuch};
  }
  Arrival arrival{.refusal = LimitOf(peer)};
  if (arrival.refusal == Refusal::kUnproven) {
    arrival.displaced = OldestSilentOf(peer);
    if (arrival.displaced.has_value()) {
      Refuse(*arrival.displaced, Refusal::kSilent);
      arrival.refusal = LimitOf(peer);
    }
  }
  if (!arrival.refusal.has_value() && IsFull()) {
    if (silent_.empty()) {
      arrival.refusal = Refusal::kFull;
    } else if (!arrival.displaced.has_value()) {
      arrival.displaced = *silent_.begin();
      Refuse(*arrival.displaced, Refusal::kSilent);
    }
  }
  if (arrival.refusal.has_value()) {
    CountRefusal(*arrival.refusal);
    return arrival;
  }
  ++counts_.connections;
  ++counts_.unproven;
  ++counts_.taken;
  Count& address = addresses_[peer.address];
  ++address.open;
  ++address.unproven;
  if (peer.subnet != peer.address) {
    Count& subnet = addresses_[peer.subnet];
    ++subnet.open;
    ++subnet.unproven;
  }
  silent_.insert(id);
  silent_of_[peer.subnet].insert(id);
  connections_[id] = {peer, State::kSilent, now};
  return arrival;
}

// Out of the state it is in.
void ConnectionGate::Leave(const Connection& connection, ConnectionId id) {
  switch (connection.state) {
    case State::kSilent:
      silent_.erase(id);
      if (const auto of = silent_of_.find(connection.peer.subnet); of != silent_of_.end()) {
        of->second.erase(id);
        if (of->second.empty()) silent_of_.erase(of);
      }
      return;
    case State::kQueued:
      --counts_.queued;
      return;
    case State::kShakingHands:
      shaking_hands_.erase(id);
      --counts_.handshakes;
      return;
    case State::kProven:
      return;
  }
}

void ConnectionGate::Speak(ConnectionId id, absl::Duration now) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.state != State::kSilent) return;
  Connection& connection = found->second;
  Leave(connection, id);
  connection.state = State::kQueued;
  connection.since = now;
  ++counts_.queued;
  std::deque<ConnectionId>& queue = queues_[connection.peer.subnet];
  if (queue.empty()) order_.push_back(connection.peer.subnet);
  queue.push_back(id);
}

std::vector<ConnectionId> ConnectionGate::Turns(absl::Duration now) {
  std::vector<ConnectionId> turns;
  while (!order_.empty() && counts_.queued > 0 && counts_.handshakes < limits_.handshakes) {
    const std::string subnet = order_.front();
    std::deque<ConnectionId>& queue = queues_[subnet];
    const ConnectionId id = queue.front();
    const auto found = connections_.find(id);
    const bool waits = found != connections_.end() && found->second.state == State::kQueued;
    if (waits && !turns_.Take(AsTime(now))) break;
    order_.pop_front();
    queue.pop_front();
    if (queue.empty()) {
      queues_.erase(subnet);
    } else if (waits) {
      order_.push_back(subnet);
    } else {
      order_.push_front(subnet);  // One that is gone was no turn.
    }
    if (!waits) continue;
    Leave(found->second, id);
    found->second.state = State::kShakingHands;
    found->second.since = now;
    ++counts_.handshakes;
    shaking_hands_.insert(id);
    turns.push_back(id);
  }
  if (counts_.queued == 0) {
    queues_.clear();
    order_.clear();
  }
  return turns;
}

void ConnectionGate::Prove(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.state == State::kProven) return;
  Connection& connection = found->second;
  Leave(connection, id);
  connection.state = State::kProven;
  --counts_.unproven;
  --addresses_[connection.peer.address].unproven;
  if (connection.peer.subnet != connection.peer.address) {
    --addresses_[connection.peer.subnet].unproven;
  }
}

void ConnectionGate::Forget(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Prove(id);
  const PeerAddress peer = std::move(found->second.peer);
  if (const auto shown = certificates_.find(found->second.certificate);
      shown != certificates_.end() && --shown->second == 0) {
    certificates_.erase(shown);
  }
  connections_.erase(found);
  --counts_.connections;
  if (--addresses_[peer.address].open == 0) addresses_.erase(peer.address);
  if (peer.subnet != peer.address && --addresses_[peer.subnet].open == 0) {
    addresses_.erase(peer.subnet);
  }
}

void ConnectionGate::End(ConnectionId id) { Forget(id); }

void ConnectionGate::Refuse(ConnectionId id, Refusal why) {
  CountRefusal(why);
  Forget(id);
}

std::optional<Refusal> ConnectionGate::BeginCall(ConnectionId id, absl::Duration now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return std::nullopt;
  Connection& connection = found->second;
  ++connection.calls;
  if (limits_.open_calls > 0 && connection.calls > limits_.open_calls) return Refusal::kCalls;
  if (limits_.calls_at_once == 0) return std::nullopt;
  if (!connection.begun.has_value()) {
    connection.begun.emplace(limits_.calls_per_second * 60, limits_.calls_at_once, AsTime(now));
  }
  if (!connection.begun->Take(AsTime(now))) return Refusal::kCalls;
  return std::nullopt;
}

void ConnectionGate::EndCall(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) --found->second.calls;
}

void ConnectionGate::Show(ConnectionId id, const std::string& certificate) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || limits_.per_certificate == 0 || certificate.empty()) return;
  found->second.certificate = certificate;
  ++certificates_[certificate];
}

bool ConnectionGate::IsCrowded(ConnectionId id) const {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  const auto shown = certificates_.find(found->second.certificate);
  return shown != certificates_.end() && shown->second > limits_.per_certificate;
}

void ConnectionGate::CutOff(const PeerAddress& peer, Refusal why, absl::Duration now) {
  CountRefusal(why);
  ForgetWaits(now);
  if (waits_.size() >= kMostWaits) waits_.clear();
  // The first is let pass: behind one address may be a whole site.
  const auto [wait, first] = waits_.try_emplace(peer.subnet, Wait{now, limits_.wait_after_cut});
  if (first || now < wait->second.until) return;  // Several of its connections at once.
  wait->second.until = now + wait->second.next;
  wait->second.next = std::min(wait->second.next * 2, limits_.longest_wait_after_cut);
}

void ConnectionGate::ForgetWaits(absl::Duration now) {
  absl::erase_if(waits_, [&](const auto& wait) {
    return now >= wait.second.until + 2 * limits_.longest_wait_after_cut;
  });
}

std::vector<ConnectionGate::Expired> ConnectionGate::Expire(absl::Duration now) {
  std::vector<Expired> expired;
  for (const ConnectionId id : silent_) {  // In order of arrival.
    if (now - connections_[id].since < limits_.silence) break;
    expired.push_back({id, Refusal::kSilent});
  }
  for (const auto& [subnet, queue] : queues_) {
    for (const ConnectionId id : queue) {
      const auto found = connections_.find(id);
      if (found == connections_.end() || found->second.state != State::kQueued) continue;
      if (now - found->second.since < limits_.wait_for_turn) break;
      expired.push_back({id, Refusal::kTurn});
    }
  }
  for (const Expired& one : expired) Refuse(one.id, one.why);
  std::vector<ConnectionId> settled;
  for (const ConnectionId id : shaking_hands_) {
    if (now - connections_[id].since >= limits_.handshake) settled.push_back(id);
  }
  for (const ConnectionId id : settled) Prove(id);
  return expired;
}

std::vector<ConnectionId> ConnectionGate::ShakingHands() const {
  return {shaking_hands_.begin(), shaking_hands_.end()};
}

}  // namespace muster::net
