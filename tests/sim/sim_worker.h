// A worker and its local service, as far as the orchestrator can tell: a durable journal, one
// command at a time, one session, and a join whose course a dice decides.
//
//   what survives a kill   journal, the service (a join under way goes on), its identity
//   what does not          the session, the queue of received commands (their secrets are gone)
#ifndef MUSTER_TESTS_SIM_SIM_WORKER_H_
#define MUSTER_TESTS_SIM_SIM_WORKER_H_

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/random.h"
#include "base/timers.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "tests/fakes/fake_clock.h"
#include "tests/sim/sim_hub.h"

namespace muster::sim {

// How one join goes.
enum class JoinCourse {
  kGood,            // Joined, connected, said so.
  kRateLimited,     // Refused, nothing happened; may go well later.
  kKeyRefused,      // Refused for good.
  kNeverConnects,   // Registered and said so, but no connection follows.
  kAnswerLost,      // Joined and connected; the worker did not hear it but finds the identity.
  kLostOnWayToHub,  // The hub never heard of it, and the worker does not know.
  kLostOnWayBack,   // Registered; service and worker never learn the id: a ghost.
  kSlow,            // The service takes ten minutes; its worker gives up waiting after five.
};

class SimWorker {
 public:
  struct Options {
    ServerId server_id;
    ZoneId zone_id;
    CertificateId certificate_id;
    std::string name;
    std::string address;
    std::string secret;  // Of its zone: any other is a breach of invariant 6.
    // Chooses the course of the next join; the world's plan.
    std::function<JoinCourse()> course;
    std::function<void(const std::string&)> violation;
    std::function<void()> join_begins;  // The service has begun a join.
    // The hub at an address; null: nothing answers.
    std::function<SimHub*(const std::string& url)> hub_at;
    // Whether a second join may come while one runs and is to be refused, as the worker's note of a
    // lost answer does: only when clocks were set. Else it is a breach.
    std::function<bool()> may_meet_a_join;
    std::function<int64_t()> audit_head;  // The number of the newest event.
    // Whether an operator asked for this join, knowing of the ghost of an earlier one.
    std::function<bool(const CommandId&, int64_t since)> was_asked_for;
  };
  // What a worker says; the network carries it.
  struct Outbox {
    std::function<void(const CommandId&, const AttemptId&)> acknowledged;
    std::function<void(const CommandId&, const AttemptId&)> started;
    std::function<void(core::CommandReport)> finished;
  };

  SimWorker(Options options, FakeClock& clock, Random& random);

  const Options& options() const { return options_; }
  // The zone's key was changed.
  void ExpectSecret(std::string secret) { options_.secret = std::move(secret); }
  // As one that a command may bind, beside those before it.
  void AlsoAccept(std::string secret) { more_secrets_.insert(std::move(secret)); }
  void UseCertificate(CertificateId certificate) {
    options_.certificate_id = std::move(certificate);
  }
  // Enrolled anew, with an empty data directory; the service is the same.
  void Reenrolled(CertificateId certificate);
  bool joining() const { return joining_; }
  bool joined() const { return !identity_.empty(); }
  core::SessionOpening Hello() const;
  // A session is open; results that were not acknowledged are said again.
  void Connected(Outbox outbox);
  void Disconnected() { outbox_.reset(); }
  bool connected() const { return outbox_.has_value(); }

  // `left`: until it expires.
  void Receive(const core::OutboundCommand& command, absl::Duration left);
  // The hub of its zone, as the orchestrator has signed it: no other is joined.
  void SetPin(const std::string& hub_url) { pin_ = hub_url; }
  // Of its session; kept at once.
  void SetNonce(const std::string& nonce) { nonce_ = nonce; }
  void SetClockOffset(absl::Duration offset) { clock_offset_ = offset; }
  absl::Duration clock_offset() const { return clock_offset_; }
  void ResultAcknowledged(const CommandId& command);
  void Cancel(const CommandId& command);
  // kill -9 and start.
  void Restart();
  // The machine goes down, and the join under way with it.
  void PowerOff();
  // An operator looked after the ghosts that lost answers left.
  void ForgetGhosts();
  // More records than one at this hub, because an operator asked for joins beside a ghost.
  int ghosts_asked_for(const SimHub* hub) const {
    const auto it = ghosts_asked_for_.find(hub);
    return it == ghosts_asked_for_.end() ? 0 : it->second;
  }

  // From now on its service says of itself what this makes of the truth; null: the truth.
  void SayOfService(std::function<void(store::ServiceFacts&)> alter) { alter_ = std::move(alter); }
  int looks() const { return looks_; }  // Commands that only read, as they began.
  const std::string& internal_id() const { return internal_id_; }
  const std::map<CommandId, int>& executions() const { return executions_; }
  int joins() const { return joins_; }

 private:
  enum class State { kReceived, kRunning, kFinished, kAcknowledged };
  struct Entry {
    State state = State::kReceived;
    AttemptId attempt;
    store::CommandKind kind = store::CommandKind::kProbe;
    absl::Duration expires;  // On the steady clock.
    std::string hub_url;
    bool allow_takeover = false;
    core::CommandReport report;
    bool rejected = false;  // Finished without being tried: may be begun by a new delivery.
  };

  void Acknowledge(const CommandId& id);
  void RunNext();
  void Begin(const CommandId& id);
  void ServiceJoin(const CommandId& id);
  // Before its service is asked: the command is for another hub, or a join may still run.
  std::optional<Failure> ReasonNotToJoin(const CommandId& id) const;
  // What the hub keeps of the join; empty when the service does not learn its id.
  std::string Register(const CommandId& id, SimHub& hub, JoinCourse course);
  void Finish(const CommandId& id, core::Outcome outcome, std::optional<Failure> failure);
  store::ServiceFacts ServiceNow() const;
  void Later(absl::Duration after, std::function<void()> task);

  Options options_;
  std::set<std::string, std::less<>> more_secrets_;
  FakeClock& clock_;
  Random& random_;
  const std::string internal_id_;
  // The worker.
  std::map<CommandId, Entry> journal_;
  std::deque<CommandId> queue_;
  bool running_ = false;
  int life_ = 0;  // Counts restarts: what an earlier process began does not report.
  std::optional<Outbox> outbox_;
  // The service.
  std::string identity_;  // Hub-assigned id; empty: never joined.
  std::string joined_url_;
  SimHub* joined_hub_ = nullptr;
  bool joining_ = false;
  int boots_ = 0;
  // By hub: where the audit log was when a join left a record that nobody knows.
  std::map<SimHub*, int64_t> ghosts_;
  std::map<const SimHub*, int> ghosts_asked_for_;
  std::string pin_;
  std::string nonce_;
  absl::Duration clock_offset_;
  std::function<void(store::ServiceFacts&)> alter_;
  int looks_ = 0;
  int joins_ = 0;
  std::map<CommandId, int> executions_;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_WORKER_H_
