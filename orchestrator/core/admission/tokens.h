// Bootstrap tokens: making and revoking them, and the decision about a machine that shows one
// (docs/security.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/token_operations.h"

namespace muster::core {

// On the strand only.
class Tokens final : public TokenOperations {
 public:
  explicit Tokens(Random& random) : random_(random) {}

  absl::StatusOr<CreatedToken> Create(Turn& turn, const Actor& actor,
                                      const TokenInput& input) override;
  absl::StatusOr<store::BootstrapToken> Revoke(Turn& turn, const Actor& actor,
                                               const TokenId& token) override;

 private:
  Random& random_;
};

// On the strand only.
class Bootstraps final : public AdmissionOperations {
 public:
  explicit Bootstraps(OrderedIds& ids) : ids_(ids) {}

  absl::StatusOr<Decision<BootstrapGrant>> Bootstrap(Turn& turn,
                                                     const BootstrapRequest& request) override;
  absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      Turn& turn, const store::WorkerCertificate& certificate) override;

 private:
  OrderedIds& ids_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
