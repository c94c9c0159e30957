// Who may come in, and who may make whom: pure decisions about operators (docs/security.md).
//
//   role             may make, renew, revoke
//   viewer           nobody; renews itself
//   operator         nobody; renews itself
//   tenant_admin     viewer, operator, tenant_admin, all of whose tenants are its own
//   provider_admin   everybody, unless bound to tenants: then as a tenant_admin, within these
#ifndef MUSTER_ORCHESTRATOR_CORE_OPERATORS_RIGHTS_H_
#define MUSTER_ORCHESTRATOR_CORE_OPERATORS_RIGHTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "orchestrator/core/interfaces/actor.h"
#include "store/interface/identity_store.h"
#include "store/model/identity.h"

namespace muster::core {

inline constexpr absl::Duration kDefaultOperatorLife = absl::Hours(24 * 90);
inline constexpr absl::Duration kShortestOperatorLife = absl::Minutes(10);
inline constexpr absl::Duration kLongestOperatorLife = absl::Hours(24 * 366);
// How long a certificate that was replaced is still accepted.
inline constexpr absl::Duration kReplacedCertificateGrace = absl::Hours(24);

// E-REQUEST-INVALID unless within the two above.
absl::Status CheckOperatorLife(absl::Duration life);
// Empty when the name is fine, else the reason: 1 to 64 bytes of visible text that is no id or flag
// and has no blanks at its ends.
std::string ProblemOfOperatorName(absl::string_view name);

// Whether a certificate with this key lets the operator in: OK, E-AUTH-REVOKED, E-AUTH-EXPIRED (its
// time is over, or it was replaced and its grace is), or E-AUTH-REQUIRED (the key is not on record).
absl::Status CheckCredential(const store::Operator& op, absl::string_view public_key_hash,
                             absl::Time now);
// The end of the certificate that is accepted longest; the infinite past without any.
absl::Time EndOf(const store::Operator& op);
// How long the newest certificate was made for, in whole minutes; zero without any.
absl::Duration LifeOf(const store::Operator& op);
// Whether an operator who may make no others may give itself a certificate that ends then: not for
// longer than it was given. E-AUTH-FORBIDDEN.
absl::Status CheckOwnRenewal(const store::Operator& op, absl::Time not_after, absl::Time now);
// Neither revoked nor expired.
bool IsUsable(const store::Operator& op, absl::Time now);

// Whether an actor of `own_role` may make an operator of this role with these tenants: OK,
// E-AUTH-FORBIDDEN, E-INVENTORY-TENANT for a tenant beyond the wall (whether it exists is not looked
// at), E-REQUEST-INVALID when role and tenants do not go together.
absl::Status CheckGrant(const Actor& actor, store::OperatorRole own_role, store::OperatorRole role,
                        const std::vector<TenantId>& tenants);
// Whether the actor is the operator.
bool IsSelf(const Actor& actor, const OperatorId& id);
// Whether the actor may renew or revoke the operator: E-AUTH-FORBIDDEN.
absl::Status CheckManage(const Actor& actor, store::OperatorRole own_role,
                         const store::Operator& op);

// The actor's own id; empty for who is no operator on record.
OperatorId SelfOf(const Actor& actor);
// E-OPERATOR-UNKNOWN also for who is behind the wall, which the store decides. Blocks on the store.
absl::StatusOr<store::Operator> FindOperator(const store::OperatorStore& operators,
                                             const Actor& actor, const OperatorId& id);

// A provider_admin who is bound to no tenants.
bool IsWholeAdmin(const store::Operator& op);
// Who of the provider_admins comes in, and until when the last of them. Those who are bound to
// tenants do not count: they cannot make others.
struct AdminOutlook {
  int usable = 0;
  absl::Time last_end = absl::InfinitePast();
};
AdminOutlook LookAtAdmins(const std::vector<store::Operator>& operators, absl::Time now);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_OPERATORS_RIGHTS_H_
