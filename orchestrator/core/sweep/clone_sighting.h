// What is seen of a server whose worker's identity several machines use (dispatch/clone_watch.h).
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_CLONE_SIGHTING_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_CLONE_SIGHTING_H_

#include <vector>

#include "orchestrator/core/sweep/sighting.h"
#include "store/model/identity_machine.h"
#include "store/model/server.h"

namespace muster::core {

Sighting CloneSighting(const store::Server& server,
                       const std::vector<store::IdentityMachine>& machines);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_CLONE_SIGHTING_H_
