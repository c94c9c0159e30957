// All that operators and bootstrapping machines ask for, as the core hears it, noun by noun. The
// services call it after they authorized the caller; the core validates, decides, writes and audits:
//
//   operations.servers.Call(&ServerOperations::Evict, done, actor, server, reason);
//
// posted.h says how a call runs and how an operation is added.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_

#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/evidence_operations.h"
#include "orchestrator/core/interfaces/finding_operations.h"
#include "orchestrator/core/interfaces/fleet_operations.h"
#include "orchestrator/core/interfaces/hub_operations.h"
#include "orchestrator/core/interfaces/notification_operations.h"
#include "orchestrator/core/interfaces/operator_operations.h"
#include "orchestrator/core/interfaces/posted.h"
#include "orchestrator/core/interfaces/rollout_operations.h"
#include "orchestrator/core/interfaces/server_operations.h"
#include "orchestrator/core/interfaces/sweep_operations.h"
#include "orchestrator/core/interfaces/token_operations.h"
#include "orchestrator/core/interfaces/verification_operations.h"

namespace muster::core {

// Copies refer to the same nouns, which outlive them.
struct Operations {
  Posted<FleetOperations> fleet;
  Posted<ServerOperations> servers;
  Posted<TokenOperations> tokens;
  Posted<AdmissionOperations> admission;
  Posted<RolloutOperations> rollouts;
  Posted<VerificationOperations> verification;
  Posted<HubOperations> hubs;
  Posted<OperatorOperations> operators;
  Posted<FindingOperations> findings;
  Posted<SweepOperations> sweeps;
  Posted<EvidenceOperations> evidence;
  Posted<NotificationOperations> notifications;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_
