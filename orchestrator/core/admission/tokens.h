// Bootstrap tokens: making, locking and revoking them, and the decision about a machine that shows one
// (docs/security.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "base/failure.h"
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
  absl::StatusOr<store::BootstrapToken> SetLocked(Turn& turn, const Actor& actor,
                                                  const TokenId& token, bool locked) override;

 private:
  Random& random_;
};

// A certificate that a token in mode auto paid for opens its first session within this time,
// whatever became of the token meanwhile (revoked excepted); until then its use is promised.
inline constexpr absl::Duration kFirstSessionWithin = absl::Hours(24 * 7);

// What a worker of such a server is told at every door: banned and retired E-BOOTSTRAP-BANNED,
// rejected E-BOOTSTRAP-REJECTED, none for the others.
std::optional<FailureCode> PutOutCode(store::Admission admission);

// Whether the first session of a certificate that this token paid for admits the server:
//
//   registered   in mode auto
//   pending      in mode auto, and the token says so: it names the server, or takes any name
//   evicted      in mode auto, and made after the eviction
bool Admits(const store::BootstrapToken& token, const store::Server& server);

// On the strand only.
class Bootstraps final : public AdmissionOperations {
 public:
  explicit Bootstraps(OrderedIds& ids) : ids_(ids) {}

  // Is this token good for this machine? In this order: known, state, expiry, expected name, uses
  // that are left, the server's admission, the name's owner, other zones that know the machine.
  //
  //   the name            is                    decision
  //   here                expected              granted; admitted as Admits says
  //                       banned, retired,      E-BOOTSTRAP-BANNED, E-BOOTSTRAP-REJECTED; also under
  //                         rejected              another name: by a machine id or key of a banned
  //                                             one, or of a rejected one with a token from before
  //                       taken by another key  E-BOOTSTRAP-NAME-TAKEN, but for a token that names
  //                                             it, or once the other's certificate has ended: the
  //                                             machine was made anew, takes the record over
  //   in no zone          unknown               created, pending; with any_name as a known one
  //   in another zone,    of somebody else      E-BOOTSTRAP-OTHER-ZONE, unless any_name; whose it
  //     or the machine                          is, the provider and that server are told, not the
  //                                             worker or the token's tenant
  absl::StatusOr<Decision<BootstrapGrant>> Bootstrap(Turn& turn,
                                                     const BootstrapRequest& request) override;
  absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      Turn& turn, const store::WorkerCertificate& certificate) override;

 private:
  OrderedIds& ids_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_TOKENS_H_
