// What operators ask of bootstrap tokens. See posted.h for how these are called. Errors are Status
// with an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_TOKEN_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_TOKEN_OPERATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/identity.h"

namespace muster::core {

struct TokenInput {
  ZoneId zone_id;
  absl::Duration ttl = absl::Hours(24);
  int max_uses = 1;
  std::vector<std::string> server_names;
  bool any_name = false;  // Also names that the inventory does not expect in the zone.
  store::TokenMode mode = store::TokenMode::kAuto;
  std::string request_id;
  std::string secret_hash;  // Hex SHA-256; the caller made the secret and keeps it to itself.
};
struct CreatedToken {
  store::BootstrapToken token;
  bool repeated = false;  // The request id had been used: this is the token made then.
};

class TokenOperations {
 public:
  virtual ~TokenOperations() = default;

  // E-INVENTORY-ZONE, E-REQUEST-INVALID (ttl above 30 days, uses below 1), E-REQUEST-ID-REUSED. A
  // request id that was used by the same request answers the token made then.
  virtual absl::StatusOr<CreatedToken> Create(Turn& turn, const Actor& actor,
                                              const TokenInput& input) = 0;
  // E-INVENTORY-TOKEN. Revoking a revoked token changes nothing.
  virtual absl::StatusOr<store::BootstrapToken> Revoke(Turn& turn, const Actor& actor,
                                                       const TokenId& token) = 0;
  // A locked token lets nobody in, also not for the first session of a certificate that it paid for;
  // unlocked it is as before, or expired. E-INVENTORY-TOKEN; E-REQUEST-STATE when it is neither
  // active nor locked.
  virtual absl::StatusOr<store::BootstrapToken> SetLocked(Turn& turn, const Actor& actor,
                                                          const TokenId& token, bool locked) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_TOKEN_OPERATIONS_H_
