// What connected workers say, as the core hears it. The gRPC session reactors (orchestrator/rpc)
// and the simulation call it; the core implements it. All calls are thread-safe, return at once and
// do their work on the control strand.
//
//   OpenSession ─► granted ─► (Welcome is sent) ─► SessionReady
//     ─► Acknowledged, Started, Finished, Facts, … ─► SessionEnded
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_EVENTS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_EVENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "store/model/audit_event.h"
#include "store/model/server.h"

namespace muster::core {

// What a worker showed when it connected: its certificate (already verified by TLS against our CA)
// and its Hello.
struct SessionOpening {
  SessionId session = 0;         // Chosen by the caller.
  CertificateId certificate_id;  // Serial of the client certificate.
  TenantId tenant_id;            // From its URI SAN.
  ZoneId zone_id;
  ServerId server_id;
  std::string address;  // Peer address without port: the egress address that pacing counts by.
  store::MachineFacts machine;
  std::optional<store::ServiceFacts> service;
  struct JournalEntry {
    enum class State { kReceived, kRunning, kFinished };
    CommandId command_id;
    AttemptId attempt_id;
    State state;
  };
  std::vector<JournalEntry> journal;  // Everything whose result was not acknowledged.
  // Of the certificate, for one that is not on record: after a restored backup the CA's signature
  // is all that is known of it. Empty: it is not taken over.
  std::string public_key_hash;
  absl::Time not_before;
  absl::Time not_after;
  // What the worker holds; absent from older workers, and when its signature is not our CA's.
  std::optional<ZonePin> pin;
  // What the worker says is wrong on its server; absent when it has not looked yet.
  std::optional<std::vector<Failure>> problems;
  std::optional<absl::Duration> clock_offset;  // The worker's clock minus ours; network included.
  // How far our record had come when the worker last heard of it; absent when it never did.
  std::optional<store::AuditLink> moment;
  // Of its last session; empty from older workers, and before the first.
  std::string nonce;
  std::string boot;  // Hash of what its system calls its present run; empty: not known.
};

struct SessionGrant {
  ZonePin pin;        // For Welcome.
  std::string nonce;  // For Welcome, too.
};

enum class Outcome { kSucceeded, kFailed, kRejected, kInDoubt };

// A command's result. Facts are a claim (invariant 3).
struct CommandReport {
  CommandId command_id;
  AttemptId attempt_id;
  Outcome outcome = Outcome::kFailed;
  std::optional<Failure> failure;
  std::optional<store::MachineFacts> machine;
  std::optional<store::ServiceFacts> service;
  // What is wrong on the server beside the outcome; absent when the worker did not look.
  std::optional<std::vector<Failure>> problems;
};

// The clocks of worker and orchestrator may differ by so much before it is said.
inline constexpr absl::Duration kClockTolerance = absl::Minutes(2);

class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  // Decides about a new session. Granted: an older session of the same server has been ended, the
  // certificate is confirmed and its token's use is counted. Refused with an E-CERT-…,
  // E-DISPATCH-NOT-ADMITTED or E-STORE-… status.
  virtual void OpenSession(SessionOpening opening,
                           absl::AnyInvocable<void(absl::StatusOr<SessionGrant>)> done) = 0;
  // Welcome is queued: commands may follow from now on.
  virtual void SessionReady(SessionId session) = 0;
  virtual void SessionEnded(SessionId session) = 0;
  virtual void Acknowledged(SessionId session, CommandId command, AttemptId attempt) = 0;
  virtual void Started(SessionId session, CommandId command, AttemptId attempt) = 0;
  // Accepted once; repeated reports are acknowledged again and change nothing (invariant 2).
  virtual void Finished(SessionId session, CommandReport report) = 0;
  // Answer to an offered pin: what the worker holds now, and why it did not take the other (empty:
  // it did).
  virtual void PinHeld(SessionId session, ZonePin held, std::string problem) = 0;
  // Within the session the clocks have come to differ by more than kClockTolerance, or do so no
  // more: the worker's minus ours.
  virtual void ClockSeen(SessionId session, absl::Duration offset) = 0;
  // The worker has looked at its service: what it saw, and all that it found wrong.
  virtual void Facts(SessionId session, store::ServiceFacts service,
                     std::vector<Failure> problems) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_WORKER_EVENTS_H_
