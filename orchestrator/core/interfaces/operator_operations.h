// What operators ask of operators. See posted.h for how these are called. Errors are Status with an
// E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_OPERATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/identity.h"

namespace muster::core {

struct OperatorInput {
  OperatorId id;  // New; the certificate names it.
  std::string name;
  store::OperatorRole role = store::OperatorRole::kViewer;
  std::vector<TenantId> tenants;
  absl::Duration valid_for;
  store::OperatorCertificate certificate;  // Issued by the caller; worth nothing until recorded.
  std::string request_id;
};
struct CreatedOperator {
  store::Operator op;
  // For the key that asked: of `op`, empty when it was replaced since the request was first made.
  std::string certificate_pem;
};

struct RenewalInput {
  OperatorId id;
  store::OperatorCertificate certificate;
  // Certificates with other keys end at once, as for keys that were lost. Else they have a day, for
  // the case that the new one does not arrive.
  bool end_others = false;
};

struct OperatorRefusal {
  std::string actor;
  std::string method;
  FailureCode code;
};

class OperatorOperations {
 public:
  virtual ~OperatorOperations() = default;

  // `role` is the actor's own: nobody makes more than they are, and only within their tenants.
  // E-REQUEST-INVALID (name, tenants that do not go with the role), E-AUTH-FORBIDDEN,
  // E-INVENTORY-TENANT, E-OPERATOR-NAME-TAKEN, E-REQUEST-ID-REUSED (also when who was made by the
  // same request was revoked since). A request id that was used by the same request answers the
  // operator made then.
  virtual absl::StatusOr<CreatedOperator> Create(Turn& turn, const Actor& actor,
                                                 store::OperatorRole role,
                                                 const OperatorInput& input) = 0;
  // For oneself (not for longer than one was given), or by who may make such an operator.
  // E-OPERATOR-UNKNOWN, E-AUTH-FORBIDDEN,
  // E-AUTH-REVOKED (the operator to be renewed).
  virtual absl::StatusOr<store::Operator> Renew(Turn& turn, const Actor& actor,
                                                store::OperatorRole role,
                                                const RenewalInput& input) = 0;
  // At once and for good: calls and streams under way end. E-OPERATOR-UNKNOWN, E-AUTH-FORBIDDEN,
  // E-OPERATOR-LAST unless `even_last`. Revoking a revoked operator changes nothing.
  virtual absl::StatusOr<store::Operator> Revoke(Turn& turn, const Actor& actor,
                                                 store::OperatorRole role, const OperatorId& id,
                                                 const std::string& reason, bool even_last) = 0;
  // A call of an operator was refused for its rights: audited, a flood of them in sums. True.
  virtual absl::StatusOr<bool> NoteRefused(Turn& turn, const OperatorRefusal& refused) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATOR_OPERATIONS_H_
