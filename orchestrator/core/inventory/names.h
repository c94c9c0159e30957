// Which names and labels the inventory takes, and which tenants a caller may see.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "store/model/server.h"

namespace muster::core {

// 1 to 253 bytes without blanks, control characters, '/', '*' and ','.
bool IsServerName(absl::string_view name);
// Empty when the labels are fine, else the reason. Keys: 1 to 63 of letters, digits, '.', '_', '-',
// '/'; values: at most 255 bytes without control characters; at most 32 labels.
std::string ProblemOfLabels(const store::Labels& labels);

bool MaySee(const Actor& actor, const TenantId& tenant);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_NAMES_H_
