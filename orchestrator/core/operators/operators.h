// Operators: making, renewing and revoking them. Who may do which stands in rights.h.
//
//   Revoke ─► commit ─► OperatorWatch: streams and long calls end; answers under way are withheld
//                  └──► every later turn: CheckStanding refuses what was posted before
#ifndef MUSTER_ORCHESTRATOR_CORE_OPERATORS_OPERATORS_H_
#define MUSTER_ORCHESTRATOR_CORE_OPERATORS_OPERATORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/interfaces/operator_operations.h"
#include "orchestrator/core/interfaces/operator_watch.h"

namespace muster::core {

// On the strand only.
class Operators final : public OperatorOperations {
 public:
  // `watch` may be null.
  Operators(OperatorWatch* watch, Refusals& refusals) : watch_(watch), refusals_(refusals) {}

  absl::StatusOr<CreatedOperator> Create(Turn& turn, const Actor& actor, store::OperatorRole role,
                                         const OperatorInput& input) override;
  absl::StatusOr<store::Operator> Renew(Turn& turn, const Actor& actor, store::OperatorRole role,
                                        const RenewalInput& input) override;
  absl::StatusOr<store::Operator> Revoke(Turn& turn, const Actor& actor, store::OperatorRole role,
                                         const OperatorId& id, const std::string& reason,
                                         bool even_last) override;
  absl::StatusOr<bool> NoteRefused(Turn& turn, const OperatorRefusal& refused) override;

 private:
  OperatorWatch* const watch_;
  Refusals& refusals_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_OPERATORS_OPERATORS_H_
