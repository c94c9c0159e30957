// Ids of requests: whoever repeats a request that makes something, because its answer was lost, gives
// it the same id and gets what the first one made.
//
//   same operator and tenant, same id    same request     what was made then
//                                        another request  E-REQUEST-ID-REUSED
//   other operator, or other tenant                       nothing in common
//
// An id ends with what it made, or after RetentionOptions::request_ids.
#ifndef MUSTER_ORCHESTRATOR_CORE_OPERATORS_REQUEST_IDS_H_
#define MUSTER_ORCHESTRATOR_CORE_OPERATORS_REQUEST_IDS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/actor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/operator_operations.h"
#include "orchestrator/core/interfaces/rollout_operations.h"
#include "orchestrator/core/interfaces/token_operations.h"

namespace muster::core {

// A request in one form, whatever the order of labels, names and tenants, the case of server names,
// and whether a default was written or left out.
std::string ContentOf(const RolloutInput& input);
std::string ContentOf(const TokenInput& input);
std::string ContentOf(const OperatorInput& input);

struct IdentifiedRequest {
  std::string actor;
  TenantId tenant_id;  // That it is about; empty: several, or none.
  std::string id;      // Empty: the request has none.
  std::string content;
};
IdentifiedRequest RequestOf(const Actor& actor, const RolloutInput& input);
IdentifiedRequest RequestOf(const Actor& actor, const TokenInput& input);
IdentifiedRequest RequestOf(const Actor& actor, const OperatorInput& input);

// The id of what this request made before, which may be gone meanwhile; none when it is new or has no
// id. E-REQUEST-ID-REUSED, E-REQUEST-INVALID (an id of more than 128 bytes, or unreadable).
absl::StatusOr<std::optional<std::string>> FindMade(Turn& turn, const IdentifiedRequest& request);
absl::Status NoteMade(Turn& turn, const IdentifiedRequest& request, absl::string_view made);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_OPERATORS_REQUEST_IDS_H_
