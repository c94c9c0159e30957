// Who may open a session: the certificate on record, its server and the token that paid for it.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_

#include <variant>

#include "absl/status/statusor.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "store/model/server.h"

namespace muster::core {

// The server that is in now, or why not.
using AdmissionDecision = std::variant<store::Server, Failure>;

// Granted: possession of the key is proven, so the certificate is confirmed, its token's use is
// counted, the server's older certificates are superseded, and a server that its token admits
// (name_holders.h) is admitted. Contact and facts are noted, and what was observed of refusals is cleared.
// A certificate that is not on record may be taken over first (certificate_takeover.h).
//
// Refused: E-CERT-UNKNOWN, -REVOKED, -EXPIRED, -FOREIGN (server, zone or tenant differ: invariant
// 6), E-BOOTSTRAP-BANNED, E-DISPATCH-NOT-ADMITTED, E-TOKEN-…. A refusal is audited
// (refusals.h) and observed at the server that the certificate names, and changes nothing else.
absl::StatusOr<AdmissionDecision> AdmitSession(Turn& turn, Refusals& refusals,
                                               const SessionOpening& opening);

// Observes (E-CLOCK-SKEW) that the clocks differ by more than kClockTolerance, or clears that.
// `offset` is the worker's clock minus ours.
absl::Status NoteClock(Turn& turn, const ServerId& server, absl::Duration offset);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_
