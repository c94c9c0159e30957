// The worker's session with the orchestrator: keeps one stream open for as long as it lives, and
// carries commands and results over it.
//
//   waiting ──timer──► connecting ──Welcome──► open ──closed──► waiting
//      ▲                   │ closed, or no Welcome in time        │
//      └───────────────────┴──────────────────────────────────────┘
//   any ──Stop──► stopped           any ──journal lost──► ended
//
// Nothing that the orchestrator says ends a worker for good: an eviction, a ban, a zone pin that it
// contradicts may be an operator's mistake, which is mended there, and not on every server. The
// worker says what is wrong (log, Hello.problems), runs nothing, and knocks again.
//
// Waiting times: the first try comes after a random part of `start_spread`; after a lost connection
// a random part of the orchestrator's reconnect_spread, plus a back-off with full jitter that is
// reset once a session has done some work (a beat, a result) or lasted; while this worker is
// refused, 5 to 10 minutes more.
//
// A session has no thread: thousands may share one strand, one Timers and one Executor. It is made
// by Create and held by shared_ptr, because timers and transport call back late.
#ifndef MUSTER_WORKER_SESSION_SESSION_H_
#define MUSTER_WORKER_SESSION_SESSION_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/failure.h"
#include "base/random.h"
#include "base/strand.h"
#include "base/timers.h"
#include "muster/types/v1/facts.pb.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/session.pb.h"
#include "worker/commands/command_handler.h"
#include "worker/session/command_runner.h"
#include "worker/session/heartbeat_pace.h"
#include "worker/session/journal.h"
#include "worker/session/session_transport.h"

namespace muster::worker {

inline constexpr int kProtocolRevision = 1;

enum class SessionState { kWaiting, kConnecting, kOpen, kStopped, kEnded };

// What a session needs to know of the worker's identity.
struct SessionIdentity {
  v1::ZonePin zone_pin;
  std::string ca_bundle_pem;  // Whose signatures newer pins are believed by.
  std::string nonce = {};     // Of its last session; empty: it had none.
};

struct SessionOptions {
  SessionIdentity identity;
  types::v1::MachineFacts machine;
  BackoffOptions backoff;
  absl::Duration start_spread = absl::Seconds(3);
  absl::Duration welcome_timeout = absl::Seconds(30);
  // All on the strand, all may be null.
  // At each change. With kEnded, and with kWaiting after a refusal of the worker's identity, the
  // status says why and what to do next.
  std::function<void(SessionState, const absl::Status&)> on_state;
  // A newer pin of the worker's zone is to be kept; when it fails, the session keeps the older one
  // and tells.
  std::function<absl::Status(const v1::ZonePin&)> keep_pin;
  // What is wrong with the own certificate by its dates: E-CERT-EXPIRED, or E-CLOCK-SKEW when it
  // has not begun. Asked when a connection fails without a word.
  std::function<std::optional<Failure>()> own_problem;
  // Then: how to look why whoever answers there cannot be talked to (nothing: not known). The look
  // runs on the executor, for it may block for seconds, and may outlive the session.
  std::function<absl::AnyInvocable<std::optional<Failure>()>()> look_at_peer;
  // While the identity is refused, from time to time, and for Reload: the new one, if it was
  // replaced.
  std::function<std::optional<SessionIdentity>()> replaced_identity;
  // The last moment of the orchestrator's record that this worker was told of (protocol.md), and
  // how another is kept. One that cannot be kept is not missed.
  std::optional<v1::Moment> moment;
  std::function<void(const v1::Moment&)> keep_moment;
  // How the nonce of a session is kept, durably; one that cannot be kept is not shown either.
  std::function<absl::Status(const std::string&)> keep_nonce;
  std::string boot;  // What tells this run of the machine from others; empty: nothing.
  // Looks at the service without being asked, by the handler of `probe`: once after the start, and
  // every few minutes while it has problems, so that what is cured is known to be.
  bool look_by_itself = false;
};

class Session final : public std::enable_shared_from_this<Session>,
                      private CommandRunner::Listener {
 public:
  struct Parts {
    SessionTransport& transport;
    Journal& journal;
    CommandHandlers& handlers;
    Strand& strand;
    Executor& executor;
    Timers& timers;
    const Clock& clock;
    Random& random;
  };
  // What `parts` refers to outlives the session and what it posted.
  static std::shared_ptr<Session> Create(const Parts& parts, SessionOptions options);
  ~Session() override;

  // These are thread-safe; they post to the strand.
  void Start();  // Once.
  // Closes the stream and starts nothing more; `done` runs on the strand when no handler of this
  // session runs any more.
  void Stop(absl::AnyInvocable<void()> done);
  // Connects anew, with what the transport then presents (a renewed certificate), as soon as no
  // command runs. `ca_bundle_pem` is what it came with.
  void Reconnect(std::string ca_bundle_pem);
  // Takes over an identity that was replaced meanwhile, and tries again now if it waits.
  void Reload();

 private:
  Session(const Parts& parts, SessionOptions options);

  void OnAccepted(const CommandId& command, const AttemptId& attempt) override;
  void OnStarted(const CommandId& command, const AttemptId& attempt, absl::Time start) override;
  void OnFinished(v1::CommandResult result) override;
  // A result on its way, for the first time or again: what it says of the service may be old.
  void SendResult(v1::CommandResult result);
  void OnJournalLost(const absl::Status& status) override;

  void Post(void (Session::*method)());
  void Arm(absl::Duration after, void (Session::*method)());
  void DisarmTimer();
  void SetState(SessionState state, const absl::Status& status = absl::OkStatus());
  void WaitThenConnect(absl::Duration wait);
  void Connect();
  void WelcomeOverdue();
  void Beat();
  void OnMessage(v1::OrchestratorMessage message);
  void OnWelcome(const v1::Welcome& welcome);
  void KeepNonce(const std::string& nonce);
  // Weighs a pin of the own zone; tells what is held when it was not the same.
  void WeighPin(const v1::ZonePin& offered);
  void NoteClock(const v1::Welcome& welcome);
  void CheckRefused();
  // False: there is no other identity.
  bool TakeReplacedIdentity();
  void LookAtPeer();
  void OnPeerSeen(const Failure& seen);
  void LookAtServiceIfDue();
  void OnClosed(const absl::Status& status);
  // Waits long: the next try will likely be refused as well. Looks from time to time whether there
  // is another identity.
  void WaitRefused(const absl::Status& why);
  void DidWork();
  void DropStream();
  void End(const absl::Status& status);
  void ReconnectIfIdle();
  void TellStopIfIdle();
  void Send(v1::WorkerMessage message);
  bool alive() const { return state_ != SessionState::kStopped && state_ != SessionState::kEnded; }

  const Parts parts_;
  const SessionOptions options_;
  SessionIdentity identity_;
  CommandRunner runner_;
  Backoff backoff_;
  SessionState state_ = SessionState::kWaiting;
  std::unique_ptr<SessionStream> stream_;
  uint64_t generation_ = 0;  // Of stream_; events of older ones are dropped.
  TimerId timer_ = 0;        // One at a time: connect, Welcome overdue, or heartbeat.
  uint64_t timer_generation_ = 0;
  HeartbeatPace pace_;
  absl::Duration opened_;           // Steady time of the last Welcome.
  absl::Duration traffic_;          // Steady time of the last message in either direction.
  bool did_work_ = false;           // This session.
  std::optional<Failure> problem_;  // What keeps this worker from its work; for the next Hello.
  absl::Duration reconnect_spread_;
  std::optional<v1::Goodbye> goodbye_;
  std::optional<types::v1::ServiceFacts> service_;  // As of the last result that held it.
  std::optional<v1::Moment> moment_;
  bool reconnect_wanted_ = false;
  bool looking_at_peer_ = false;
  bool looking_at_service_ = false;
  int own_looks_ = 0;
  absl::Duration looked_at_service_ = -absl::InfiniteDuration();  // Steady time.
  absl::Duration refused_until_;                                  // By the steady clock.
  absl::AnyInvocable<void()> stopped_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_SESSION_H_
