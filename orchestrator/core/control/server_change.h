// The one way to change the state of a server, its target, its attempt or its certificates: each
// move is a compare-and-set in the store, and all moves of one decision share one audit event in
// the same transaction (invariant 5).
//
//   ServerChange change(turn, "worker:srv-…", "command.finished", server, zone);
//   RETURN_IF_ERROR(change.Attempt(attempt, from));
//   RETURN_IF_ERROR(change.Enrollment(from, to, failure));
//   RETURN_IF_ERROR(change.Record());
//   → "attempt att-…: running → succeeded; enrollment: joining → joined_unverified"
//
// What comes into being moves from "new". Targets begin as waiting with their rollout's creation,
// without an event each.
#ifndef MUSTER_ORCHESTRATOR_CORE_CONTROL_SERVER_CHANGE_H_
#define MUSTER_ORCHESTRATOR_CORE_CONTROL_SERVER_CHANGE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/command.h"
#include "store/model/identity.h"
#include "store/model/rollout.h"
#include "store/model/server.h"

namespace muster::core {

// The actor of what the orchestrator decides by itself.
inline constexpr char kSystemActor[] = "system";
std::string WorkerActor(const ServerId& server);  // "worker:srv-…"

class ServerChange {
 public:
  ServerChange(Turn& turn, absl::string_view actor, absl::string_view action,
               const ServerId& server, const ZoneId& zone);

  absl::Status Insert(const store::Server& server);
  absl::Status Admission(store::Admission from, store::Admission to);
  absl::Status Enrollment(store::Enrollment from, store::Enrollment to,
                          const std::optional<Failure>& failure);
  // The row as it shall be; `from` is the state it has, and `untold` the one before, where no event
  // told of `from`.
  absl::Status Target(const store::Target& target, store::TargetState from,
                      std::optional<store::TargetState> untold = std::nullopt);
  // `from`: a state that it has been in, not on record.
  absl::Status InsertAttempt(const store::Attempt& attempt,
                             std::optional<store::AttemptState> from = std::nullopt);
  absl::Status Attempt(const store::Attempt& attempt, store::AttemptState from);
  absl::Status InsertCertificate(const store::WorkerCertificate& certificate);
  absl::Status Certificate(const CertificateId& id, store::CertificateState from,
                           store::CertificateState to);
  // A remark in the event: no state.
  void Note(absl::string_view text);

  // Writes the event; last. A change without it is a mistake that the simulation finds, unless the
  // next event tells of it (docs/decisions/read-only-commands.md).
  absl::Status Record();

 private:
  void Moved(absl::string_view what, absl::string_view from, absl::string_view to);
  void AttemptMoved(const store::Attempt& attempt, absl::string_view from);
  absl::StatusOr<absl::Time> DecisionTime(store::Admission to);

  Turn& turn_;
  const std::string actor_;
  const std::string action_;
  const ServerId server_;
  const ZoneId zone_;
  const TenantId tenant_;
  std::string detail_;
};

// An event that is not about a server: rollouts, tokens, zones, refusals. `tenant` may be empty.
absl::Status Audit(Turn& turn, absl::string_view actor, absl::string_view action,
                   absl::string_view subject, const TenantId& tenant, absl::string_view detail);

// Moves a rollout with its event.
absl::Status MoveRollout(Turn& turn, absl::string_view actor, store::Rollout& rollout,
                         store::RolloutState to, absl::string_view reason);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_CONTROL_SERVER_CHANGE_H_
