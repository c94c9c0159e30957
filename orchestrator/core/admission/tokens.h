// Bootstrap tokens: making and revoking them, and the decision about a machine that shows one
// (design section 7). Called inside a turn.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_

#include <variant>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/operations.h"

namespace muster::core {

// E-INVENTORY-ZONE, E-REQUEST-INVALID (ttl above 30 days, uses below 1). A request id that was used
// answers the token made then.
absl::StatusOr<CreatedToken> CreateToken(Turn& turn, Random& random, const Actor& actor,
                                         const TokenInput& input);
// E-TOKEN-UNKNOWN. Revoking a revoked token changes nothing.
absl::StatusOr<store::BootstrapToken> RevokeToken(Turn& turn, const Actor& actor,
                                                  const TokenId& token);

// A refusal is a decision, not an error: it is recorded and committed.
using BootstrapDecision = std::variant<BootstrapGrant, Failure>;

// Is this token good for this machine? In this order: known, state, expiry, expected name, uses
// that are left (counted uses and certificates whose possession is not proven yet), the server's
// admission, the name's owner. Consumes nothing; a server that is not in the inventory is created.
absl::StatusOr<BootstrapDecision> DecideBootstrap(Turn& turn, OrderedIds& ids,
                                                  const BootstrapRequest& request);

// Puts an issued certificate on record. One that was paid for by the same token for the same server
// and never used is superseded: a bootstrap may be repeated after a lost answer.
absl::StatusOr<store::WorkerCertificate> RecordCertificate(
    Turn& turn, const store::WorkerCertificate& certificate);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
