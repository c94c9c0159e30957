// What a connected worker knows of its machine and service, kept in the store when it changes.
#ifndef MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_FACTS_H_
#define MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_FACTS_H_

#include <optional>

#include "absl/status/status.h"
#include "orchestrator/core/dispatch/session_table.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/server.h"

namespace muster::core {

// Writes those facts that differ from what the session's store row has.
absl::Status KeepFacts(Turn& turn, Session& session,
                       const std::optional<store::MachineFacts>& machine,
                       const std::optional<store::ServiceFacts>& service);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_DISPATCH_SESSION_FACTS_H_
