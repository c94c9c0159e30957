// Reads a hub's instance list, whatever version wrote it (certify.md 4.4 and 8). Pure; one pass
// over the text without a tree of it, so that 100,000 records cost little more memory than they are.
//
//   shape      told by                                     written by
//   kFull      connectionStatus, internalInstanceId or so  /internal/v1/hub/instances, 2025 and on
//   kSummary   displayTitle and no more than a summary     /api/v1/hub/instances, 2026
//   kLegacy    neither                                     /api/v1/hub/instances, 2024: only
//                                                          instances that are connected
//
// Unknown fields are skipped, a field of an unexpected type counts as missing, and only the id must
// be there. requestAuthSecretHash, a secret, is never kept.
#ifndef MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_
#define MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "orchestrator/core/interfaces/hub_reader.h"

namespace muster::hub {

struct InstanceList {
  enum class Shape { kFull, kSummary, kLegacy };
  std::vector<core::HubInstance> instances;  // In the hub's order; ids in lower case.
  Shape shape = Shape::kFull;
  int skipped = 0;  // Elements that are no record or have no id.
  // The list shows that it also holds what is not connected: hubs of 2025 list connected instances
  // only, and nothing in their answer says so.
  bool shows_disconnected = false;
};

// InvalidArgument when `json` is no JSON array; the message says what was seen instead and where it
// broke, never a byte of it.
absl::StatusOr<InstanceList> ParseInstanceList(absl::string_view json);

// Takes the hub's own instance out: the record with this id (may be empty: not known), and records
// of the program "Certify Management Hub". Whether there was one: the hub lists itself to everyone
// who may see the whole list.
bool RemoveOwnInstance(absl::string_view own_id, std::vector<core::HubInstance>& instances);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_INSTANCE_LIST_H_
