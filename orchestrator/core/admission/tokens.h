// Bootstrap tokens: making, locking and revoking them (docs/security.md). bootstraps.h decides about
// a machine that shows one.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/token_operations.h"
#include "store/model/identity.h"

namespace muster::core {

// Moves the token with its event.
absl::Status MoveToken(Turn& turn, absl::string_view actor, store::BootstrapToken& token,
                       store::TokenState to);

// On the strand only.
class Tokens final : public TokenOperations {
 public:
  explicit Tokens(Random& random) : random_(random) {}

  absl::StatusOr<CreatedToken> Create(Turn& turn, const Actor& actor,
                                      const TokenInput& input) override;
  absl::StatusOr<store::BootstrapToken> Revoke(Turn& turn, const Actor& actor,
                                               const TokenId& token) override;
  absl::StatusOr<store::BootstrapToken> SetLocked(Turn& turn, const Actor& actor,
                                                  const TokenId& token, bool locked) override;

 private:
  Random& random_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
