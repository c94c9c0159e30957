// A machine that uses a worker's identity, in the words by which an operator tells it from another.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_MACHINE_TEXT_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_MACHINE_TEXT_H_

#include <string>
#include <vector>

#include "store/model/identity_machine.h"

namespace muster::core {

// "mch-… WEB-1 at 10.0.0.4 (machine id 12345678…, run 12345678…, last session began …)".
std::string TextOf(const store::IdentityMachine& machine);
// Of those between which an operator has to choose.
std::string ClonesText(const std::vector<store::IdentityMachine>& machines);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_MACHINE_TEXT_H_
