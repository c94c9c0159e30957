// One worker's session: the state that the gRPC stream, the core's answers and the registry share.
//
//   awaiting_hello ─ Hello ─► opening ─ granted ─► open ─ End, silence, overflow ─► ending ─► done
//         │                      │                                                    ▲
//         │ deadline,            │ refused                                            │
//         │ other message        │                                                    │
//         └──────────────────────┴───────────────────── Goodbye ──────────────────────┘
//
// gRPC's rules that this keeps: one read and one write at most, Finish once, the reactor deletes
// itself in OnDone and nowhere else. The reactor holds the session by shared_ptr; the session
// points at its reactor only between the stream's begin and OnDone. While the queue is longer than
// allowed the worker does not read: the session is dropped rather than memory filled.
//
// Idle it costs a few hundred bytes: no timer, no buffer, no queue of its own.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "muster/worker/v1/session.pb.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/rpc/peer.h"
#include "orchestrator/rpc/worker/session_registry.h"

namespace muster::rpc {

// What a stream lets its session do: the gRPC reactor. All calls under the session's lock.
class SessionStream {
 public:
  virtual ~SessionStream() = default;
  virtual void Read(muster::worker::v1::WorkerMessage* into) = 0;
  virtual void Write(const muster::worker::v1::OrchestratorMessage* message) = 0;
  virtual void Finish(const absl::Status& status) = 0;
  virtual void Cancel() = 0;  // Breaks the stream at once, whatever the peer does.
};

// Thread-safe.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(core::SessionId id, PeerWorker peer, std::string address, SessionRegistry& registry,
          core::WorkerEvents& events);

  // -- from the stream --
  void Begin(SessionStream& stream);  // Starts to read, or ends at once when the registry refuses.
  void OnReadDone(bool ok);
  void OnWriteDone(bool ok);
  void OnCancel();
  void OnDone();  // The stream is gone; tells the core.

  // -- from the control strand --
  void Send(std::unique_ptr<muster::worker::v1::OrchestratorMessage> message);
  // Says Goodbye, then finishes with `why`. The first call counts.
  void End(const absl::Status& why, bool may_reconnect);

  // -- from the sweep --
  // `now` is Clock::Steady().
  void CheckAlive(absl::Duration now);
  // A command was sent: the worker is expected to say something.
  void ExpectWord(absl::Duration now);
  // Pings a worker that has been silent since, ends the session of one that stays so. False: there
  // is nothing more to await.
  bool CheckDelivery(absl::Duration now);

  core::SessionId id() const { return id_; }
  const PeerWorker& peer() const { return peer_; }

 private:
  using Outgoing = std::unique_ptr<muster::worker::v1::OrchestratorMessage>;
  enum class Phase { kAwaitingHello, kOpening, kOpen, kEnding };

  void HandleHello();
  void Handle(const muster::worker::v1::WorkerMessage& message);
  void OnOpened(absl::StatusOr<core::SessionGrant> grant);
  Outgoing Welcome(const core::SessionGrant& grant) const;
  void NoteWorkerTime(absl::Time worker_time);
  void ReadNext();
  void EndLocked(const absl::Status& why, bool may_reconnect) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Touch();
  absl::Duration Heard() const;

  // -- constant --
  const core::SessionId id_;
  const PeerWorker peer_;
  const std::string address_;
  SessionRegistry& registry_;
  core::WorkerEvents& events_;
  // -- used by one read at a time --
  muster::worker::v1::WorkerMessage incoming_;
  size_t facts_hash_ = 0;
  bool clock_is_off_ = false;
  // -- synchronized by itself --
  std::atomic<int64_t> heard_us_;  // Steady time at which the worker last said anything.
  // -- guarded --
  Mutex mu_;
  SessionStream* stream_ ABSL_GUARDED_BY(mu_) = nullptr;
  Phase phase_ ABSL_GUARDED_BY(mu_) = Phase::kAwaitingHello;
  bool told_core_ ABSL_GUARDED_BY(mu_) =
      false;  // OpenSession was called: SessionEnded must follow.
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool answers_pings_ ABSL_GUARDED_BY(mu_) = false;
  // Steady times of the first command that the worker has not said a word after, and of the ping.
  std::optional<absl::Duration> delivered_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Duration> pinged_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> finish_with_ ABSL_GUARDED_BY(mu_);
  Outgoing writing_ ABSL_GUARDED_BY(mu_);
  std::vector<Outgoing> queue_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_SESSION_H_
