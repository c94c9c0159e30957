// What becomes of each server's enrollment: the one place that moves it, makes claims, and says
// what doubt, proof and failure mean. Which server comes when is the rollout engine's.
//
//              Queue ─► queued ─► Begin ─► joining ─┬─ claim ──► joined_unverified ─┐
//                ▲         │ Refuse, GiveUp         ├─ failed, retry? ─► queued     │ hub's list
//                │         ▼                        └─ lost ───► in_doubt ──────────┤
//   not_enrolled, failed, degraded ◄── unproven, settled absent ────────────────────┼─► enrolled
//
// Doubt ends by the worker's journal, then by the hub's list, then by what the worker's service
// says of itself, and last by an operator (Settle): never by a blind second join (invariant 8).
// What ends unproven ends for every rollout that has been waiting for the server, too: only one that
// an operator creates afterwards joins it again.
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENTS_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENTS_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/attempt_listener.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/enrollment/enrollment_listener.h"
#include "orchestrator/core/enrollment/proof_listener.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/interfaces/server_operations.h"
#include "orchestrator/core/options.h"

namespace muster::core {

// Whether a join may begin: nothing is under way and the hub has not confirmed the server.
bool MayQueue(store::Enrollment enrollment);

// On the strand only.
class Enrollments final : public AttemptListener, public ProofListener {
 public:
  Enrollments(const CoreOptions& options, TurnControl& control, Dispatcher& dispatcher,
              Verifier& verifier);
  void SetListener(EnrollmentListener* listener) { listener_ = listener; }

  // Polls again for who waited for proof before a restart. After Dispatcher::Recover.
  absl::Status Recover(Turn& turn);

  // Memory may differ from the store about this server: forgets it, and waits for proof again if it
  // has to. After Dispatcher::Reload.
  absl::Status Reload(Turn& turn, const ServerId& server);

  // The server's enrollment; NotFound when there is no such server. Kept in memory from then on,
  // until Forget.
  absl::StatusOr<store::Enrollment> StateOf(Turn& turn, const ServerId& server);
  void Forget(const ServerId& server) { states_.erase(server); }

  // ---- the way to a join, as its requester takes it ----
  // To queued, where that is allowed: from enrolled with `force` alone. Whether it stands in the
  // queue now.
  absl::StatusOr<bool> Queue(Turn& turn, ServerChange& change, const ServerId& server,
                             bool force = false);
  // Its command was sent: queued → joining.
  absl::Status Begin(ServerChange& change, const ServerId& server);
  // No command may go to it: queued → failed.
  absl::Status Refuse(ServerChange& change, const ServerId& server, const Failure& why);
  // It leaves the queue: failed with `why` when it was tried, else not_enrolled; `why` may be none.
  // One that was never queued and is not enrolled gets its reason on record, too.
  absl::Status GiveUp(Turn& turn, ServerChange& change, const ServerId& server, bool tried,
                      const std::optional<Failure>& why);

  // The worker showed what its service says of itself: what a doubt may be settled by.
  absl::Status Looked(Turn& turn, const ServerId& server, const store::ServiceFacts& service);

  // As ServerOperations::Settle, for a server that the actor may see.
  absl::StatusOr<store::Server> Settle(Turn& turn, const Actor& actor, store::Server row,
                                       const Settlement& settlement);

  // An operator takes the hub's record from the server, or puts the server out: claim and proof are
  // given back. Enrolled becomes degraded, joined_unverified failed (E-VERIFY-RELEASED, `why`); a
  // doubt stays one, and ends by what the hub says alone. After its session has ended.
  absl::Status GiveBack(Turn& turn, const Actor& actor, const ServerId& server,
                        const std::string& why);

  // An operator retires the server: what is not settled about it ends as failed, for nobody waits
  // for it any more. After its session has ended.
  absl::Status TakenOut(Turn& turn, const Actor& actor, const ServerId& server);

  // AttemptListener.
  absl::Status OnDoubt(Turn& turn, ServerChange& change, const OpenAttempt& open,
                       const CommandReport* report) override;
  absl::Status OnResumed(Turn& turn, ServerChange& change, const OpenAttempt& open) override;
  absl::Status OnNeverArrived(Turn& turn, ServerChange& change, const OpenAttempt& open) override;
  absl::Status OnFinished(Turn& turn, ServerChange& change, const OpenAttempt& open,
                          const CommandReport& report) override;
  // ProofListener.
  absl::Status OnProven(Turn& turn, const ServerId& server, const ZoneId& zone,
                        const store::HubProof& proof) override;
  absl::Status OnTakenBack(Turn& turn, const ServerId& server, const Failure& why) override;
  absl::Status OnDegraded(Turn& turn, const ServerId& server, const ZoneId& zone,
                          const Failure& why) override;
  absl::Status OnUnproven(Turn& turn, const ServerId& server, const ZoneId& zone,
                          const Failure& failure) override;
  absl::Status OnAbsent(Turn& turn, const ServerId& server, const ZoneId& zone) override;

 private:
  absl::Status AwaitAgain(Turn& turn, const store::Server& server);
  absl::Status Reset(Turn& turn, ServerChange& change, const store::Server& row,
                     const Failure& why);
  absl::Status Move(ServerChange& change, const ServerId& server, store::Enrollment from,
                    store::Enrollment to, const std::optional<Failure>& failure);
  absl::Status Tell(Turn& turn, ServerChange& change, const OpenAttempt& open,
                    EnrollmentEvent::What what);
  absl::Status OnClaim(Turn& turn, ServerChange& change, const OpenAttempt& open,
                       const CommandReport& report);
  // The server's attempt is over without success: another one later, or the end. `from` is the
  // server's enrollment.
  absl::Status RetryOrFail(Turn& turn, ServerChange& change, const RolloutId& rollout,
                           const ServerId& server, const ZoneId& zone, store::Enrollment from,
                           const Failure& failure);
  absl::Status DropClaim(Turn& turn, const ServerId& server);
  absl::StatusOr<store::Claim> MakeClaim(Turn& turn, const OpenAttempt& open,
                                         const CommandReport* report);
  // From when on nothing of the attempt's join can run any more.
  absl::Time QuietFrom(Turn& turn, const OpenAttempt& open, const CommandReport* report) const;

  const CoreOptions options_;
  TurnControl& control_;
  Dispatcher& dispatcher_;
  Verifier& verifier_;
  EnrollmentListener* listener_ = nullptr;
  absl::flat_hash_map<ServerId, store::Enrollment> states_;  // Of servers that are being worked on.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_ENROLLMENTS_H_
