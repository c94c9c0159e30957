// Who may open a session: the certificate on record, its server and the token that paid for it.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_

#include <variant>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "store/model/server.h"

namespace muster::core {

// The server that is in now, or why not. A refusal changes nothing.
using AdmissionDecision = std::variant<store::Server, Failure>;

// Granted: possession of the key is proven, so the certificate is confirmed, its token's use is
// counted, the server's older certificates are superseded, and a server that a token in mode auto
// brought is admitted. Contact and facts are noted. Refused: E-CERT-UNKNOWN, -REVOKED, -EXPIRED,
// -FOREIGN (server, zone or tenant differ: invariant 6), E-DISPATCH-NOT-ADMITTED, E-TOKEN-….
absl::StatusOr<AdmissionDecision> AdmitSession(Turn& turn, const SessionOpening& opening);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_SESSION_POLICY_H_
