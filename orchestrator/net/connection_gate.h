// Which connections of one listener are let in, and when: counts and limits, nothing else.
//
//   arrived ─► silent ──first bytes──► queued ──its turn──► shaking hands ─first answer─► proven
//     │          │ silent too long       │ no turn in time      │ as long as it may take       │
//     ▼          ▼ or displaced          ▼                      └──────► proven, or gone       ▼
//   refused    closed                  closed                                               ended
//
// A connection costs a descriptor from the first moment, and some hundred kilobytes and a signature
// from its turn on; who it is shows with its first call. So what is unproven has a limit of its own:
// for all together, and for one address. Turns go around the addresses, and in order within one, so
// that a thousand connections of one address delay another address by one turn. When there is no
// room, the oldest silent connection gives way, that of the address if it is the address that
// has too many unproven: an honest client speaks at once.
#ifndef MUSTER_ORCHESTRATOR_NET_CONNECTION_GATE_H_
#define MUSTER_ORCHESTRATOR_NET_CONNECTION_GATE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/token_bucket.h"
#include "orchestrator/net/peer_address.h"

namespace muster::net {

struct GateLimits {
  int connections = 1024;          // In whatever state.
  int per_address = 512;           // Of these, of one address,
  int per_subnet = 512;            // and of one /64 of IPv6.
  int unproven = 512;              // Of these, without a call yet,
  int unproven_per_subnet = 128;   // and of one address or /64.
  int handshakes = 256;            // Of the unproven, at gRPC.
  double turns_per_second = 1000;  // As many at once, at most.
  absl::Duration silence = absl::Seconds(5);
  absl::Duration wait_for_turn = absl::Seconds(15);  // A client has given up by then.
  // Whoever is at gRPC longer has shaken hands: it closes the others (docs/security.md).
  absl::Duration handshake = absl::Seconds(10);
  // What one connection may send in one go, and lastingly. 0: as much as it likes. gRPC has no such
  // limit, and what some bytes cost it, calls that are opened and reset, is a hundred times as much.
  int64_t bytes_at_once = 0;
  double bytes_per_second = 0;
  // How long an address (or /64) whose connections are cut off for that again and again is not let in:
  // nothing after the first, then so long, twice as long each time, up to the second; forgotten after
  // twice the second without another.
  absl::Duration wait_after_cut = absl::Seconds(2);
  absl::Duration longest_wait_after_cut = absl::Seconds(30);
  // Calls of one connection: open at a time, begun in one go, and lastingly. gRPC lets a client that
  // never acknowledges its settings open as many as it likes. 0: so do we.
  int open_calls = 0;
  int calls_at_once = 0;
  double calls_per_second = 0;
  int per_certificate = 0;  // Connections that show one certificate. 0: any number.
};

// Why a connection was closed; all before kTooMuch are of those that were not handed on.
enum class Refusal {
  kFull,         // The listener's limit.
  kAddress,      // The address's,
  kSubnet,       // the /64's.
  kUnproven,     // The address's or /64's limit of what is unproven.
  kSilent,       // Said nothing in time, or gave way.
  kNotTls,       // Spoke something else.
  kTurn,         // Had no turn in time.
  kDescriptors,  // The process or the system had none left.
  kTooMuch,      // Sent more than it may, or comes back too soon after it was cut off.
  kCalls,        // Made more calls than it may.
  kCertificate,  // Too many connections show its certificate.
};
inline constexpr int kRefusals = 11;
absl::string_view Name(Refusal refusal);  // For people: "too many of its address".

using ConnectionId = int64_t;

struct GateCounts {
  int connections = 0;
  int unproven = 0;
  int queued = 0;
  int handshakes = 0;
  int64_t taken = 0;  // Since the start.
  std::array<int64_t, kRefusals> refused = {};
  int64_t refused_in_all() const;
};

// Values and virtual time; not thread-safe. `now` is Clock::Steady().
class ConnectionGate {
 public:
  ConnectionGate(const GateLimits& limits, absl::Duration now);

  struct Arrival {
    std::optional<Refusal> refusal;         // None: it is silent from now on.
    std::optional<ConnectionId> displaced;  // Is forgotten; close it.
  };
  // Whether such a connection would be refused now, but for what ended and was not told of.
  bool Refuses(const PeerAddress& peer) const;
  // A connection was accepted. Ids only grow.
  Arrival Arrive(ConnectionId id, const PeerAddress& peer, absl::Duration now);
  // It has spoken, and wants a turn.
  void Speak(ConnectionId id, absl::Duration now);
  // Those whose turn it is now, in order: hand them on.
  std::vector<ConnectionId> Turns(absl::Duration now);
  // A call of its was answered. Thereby there may be turns.
  void Prove(ConnectionId id);
  // It is gone, in whatever state; an id that is not known is none's.
  void End(ConnectionId id);
  // Closed by us, for this reason.
  void Refuse(ConnectionId id, Refusal why);
  // A call of it begins; the reason to cut it off, if there is one.
  std::optional<Refusal> BeginCall(ConnectionId id, absl::Duration now);
  void EndCall(ConnectionId id);
  // The certificate that it shows, in whatever form tells one from another: once, with its first
  // call.
  void Show(ConnectionId id, const std::string& certificate);
  // More connections than may show its certificate.
  bool IsCrowded(ConnectionId id) const;
  // A connection of this peer's was cut off for what it did; it ends by itself.
  void CutOff(const PeerAddress& peer, Refusal why, absl::Duration now);
  // One that never had an id.
  void CountRefusal(Refusal why) { ++counts_.refused[static_cast<size_t>(why)]; }

  struct Expired {
    ConnectionId id;
    Refusal why;
  };
  // Those whose time is over; they are forgotten. Close them.
  std::vector<Expired> Expire(absl::Duration now);

  const GateCounts& counts() const { return counts_; }
  const GateLimits& limits() const { return limits_; }
  // Those at gRPC without a call yet, the oldest first.
  std::vector<ConnectionId> ShakingHands() const;

 private:
  enum class State { kSilent, kQueued, kShakingHands, kProven };
  struct Connection {
    PeerAddress peer;
    State state = State::kSilent;
    absl::Duration since;
    int calls = 0;                     // Open.
    std::optional<TokenBucket> begun;  // From the first on.
    std::string certificate;           // Once it was shown.
  };
  struct Count {
    int open = 0;
    int unproven = 0;
  };
  // Of a subnet that sent too much.
  struct Wait {
    absl::Duration until;
    absl::Duration next;  // If it does so again.
  };
  void ForgetWaits(absl::Duration now);
  std::optional<Refusal> LimitOf(const PeerAddress& peer) const;
  bool IsFull() const;
  std::optional<ConnectionId> OldestSilentOf(const PeerAddress& peer) const;  // Of its subnet.
  void Leave(const Connection& connection, ConnectionId id);
  void Forget(ConnectionId id);
  Count CountOf(const std::string& name) const;

  const GateLimits limits_;
  GateCounts counts_;
  TokenBucket turns_;
  absl::flat_hash_map<ConnectionId, Connection> connections_;
  absl::flat_hash_map<std::string, Count> addresses_;  // And subnets, where they are no address.
  std::set<ConnectionId> silent_;
  absl::flat_hash_map<std::string, std::set<ConnectionId>> silent_of_;  // By subnet.
  std::set<ConnectionId> shaking_hands_;
  // Of each subnet with a queue; and the subnets in the order of their turns. Ids that are queued
  // no more stay in there until their turn.
  absl::flat_hash_map<std::string, std::deque<ConnectionId>> queues_;
  std::deque<std::string> order_;
  absl::flat_hash_map<std::string, Wait> waits_;        // By subnet.
  absl::flat_hash_map<std::string, int> certificates_;  // Connections that show each.
};

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_CONNECTION_GATE_H_
