// Owns accept() of one listener: takes connections in under the limits of a ConnectionGate and hands
// those whose turn it is to whoever speaks with them.
//
//   accept ─► first bytes: do they look like TLS? ─► turn ─► hand_on(fd) ─► Prove at the first answer
//
// What is refused is reset at once. A process or system without descriptors makes it pause and go
// on, with a growing wait; a descriptor kept in reserve lets it refuse meanwhile. A connection that
// was handed on is not told of when it ends: its descriptor is looked at (is it the same socket
// still?) every few seconds, and whenever there is no room. What it sends is counted by the system
// and held against its limit whenever something comes, and so are the calls that we are told of; who
// goes beyond is cut off, whatever it says, and what it sent that nobody has read is dropped.
#ifndef MUSTER_ORCHESTRATOR_NET_ACCEPTOR_H_
#define MUSTER_ORCHESTRATOR_NET_ACCEPTOR_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/mutex.h"
#include "orchestrator/net/connection_gate.h"
#include "orchestrator/net/server_sockets.h"

namespace muster::net {

struct AcceptorOptions {
  std::string name;  // Of the listener, for the log.
  GateLimits limits;
  // Without, a connection is handed on as it comes and counts as proven (a Unix socket, which the
  // system guards).
  bool tls = true;
  // A descriptor from this one on is refused: the rest is the store's (docs/security.md). 0: none.
  int64_t first_reserved_descriptor = 0;
};

// All borrowed. Both functions are called on the acceptor's thread.
struct AcceptorDependencies {
  const Clock& clock;
  // Takes the descriptor: non-blocking, closed on exec.
  std::function<void(int fd)> hand_on;
  // accept() fails for good; nobody is let in any more. Called once; it must not destroy the
  // acceptor.
  std::function<void(const absl::Status&)> on_dead;
};

class Acceptor {
 public:
  // ResourceExhausted when there are no descriptors for its own needs.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Start(ServerSockets sockets,
                                                         AcceptorOptions options,
                                                         AcceptorDependencies dependencies);
  // Closes the sockets and what was not handed on. Blocks for a moment.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  int port() const { return sockets_.port(); }
  // A call of this peer (PeerAddress::ToString) is answered. These three are thread-safe and do not
  // block.
  void Prove(absl::string_view peer);
  // A call of this peer begins. `certificate` is asked with the first of each connection: what tells
  // the certificate that it shows from others, or "". The connection, for EndCall; 0 when it is none
  // of ours.
  ConnectionId BeginCall(absl::string_view peer, absl::FunctionRef<std::string()> certificate);
  void EndCall(ConnectionId id);
  // Thread-safe.
  GateCounts counts() const;
  const GateLimits& limits() const { return options_.limits; }

 private:
  struct Tracked {
    int fd = -1;
    ino_t inode = 0;  // Of the socket: a number may have become another file's.
    bool handed_on = false;
    PeerAddress peer;
    // Of what it has sent, by the system's count, and of that what its rate has not made good yet.
    int64_t received = 0;
    double in_one_go = 0;
    absl::Duration measured;
    bool called = false;
    bool cut_off = false;
  };
  // Of a listening socket.
  struct Source {
    int fd = -1;
    bool paused = false;
    absl::Duration resume;
    absl::Duration wait;
  };

  Acceptor(ServerSockets sockets, AcceptorOptions options, AcceptorDependencies dependencies);
  absl::Status Open();
  void Run();
  int Timeout(absl::Duration now);
  void Wake();
  void AcceptSome(Source& source, absl::Duration now);
  void TakeIn(int fd, const PeerAddress& peer, absl::Duration now);
  void LookAt(ConnectionId id, absl::Duration now);
  void MeasureSoon();
  void MeasureArrivals(absl::Duration now);
  void Measure(ConnectionId id, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CutOff(Tracked& tracked, Refusal why, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void HandOnTurns(absl::Duration now);
  void Tick(absl::Duration now);
  void OutOfDescriptors(Source& source, int error, absl::Duration now);
  void Pause(Source& source, absl::Duration now);
  void Die(int error);
  void ForgetEnded(const std::vector<ConnectionId>& ids) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SweepForRoom(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Out of the tables; the descriptor, unless it was handed on.
  int Untrack(ConnectionId id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Say(const PeerAddress& peer, Refusal why);

  const AcceptorOptions options_;
  const AcceptorDependencies d_;
  const ServerSockets sockets_;
  log::Throttle refusals_{6, 3};
  log::Throttle shortages_{2, 1};

  // Of its thread.
  int epoll_ = -1;
  int wake_ = -1;
  int spare_ = -1;
  int arrivals_ = -1;      // An epoll of what gRPC has: whoever sent something since we looked.
  int arrivals_due_ = -1;  // A timer: then we look.
  bool dead_ = false;
  ConnectionId next_id_ = 1;
  std::vector<Source> sources_;
  absl::Duration next_sweep_;
  absl::Duration next_forced_sweep_;
  absl::Duration next_look_at_handshakes_;

  mutable Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  ConnectionGate gate_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<ConnectionId, Tracked> tracked_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<int, ConnectionId> by_descriptor_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, ConnectionId> by_peer_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<PeerAddress, Refusal>> untold_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_ACCEPTOR_H_
