// Which labels the inventory takes (names: base/names.h).
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_

#include <string>

#include "store/model/server.h"

namespace muster::core {

// Empty when the labels are fine, else the reason. Keys: 1 to 63 of letters, digits, '.', '_', '-',
// '/'; values: at most 255 bytes of visible text (base/names.h); at most 32 labels.
std::string ProblemOfLabels(const store::Labels& labels);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_
