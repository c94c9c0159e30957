#include "orchestrator/core/sweep/clone_sighting.h"

#include "absl/strings/str_cat.h"
#include "orchestrator/core/inventory/machine_text.h"

namespace muster::core {

Sighting CloneSighting(const store::Server& server,
                       const std::vector<store::IdentityMachine>& machines) {
  return {store::FindingKind::kDuplicateIdentity,
          absl::StrCat(store::kWorkerSubject, server.id.value()), server.id, HubInstanceId(),
          absl::StrCat(server.zone_id.value(), "/", server.name, ": ", ClonesText(machines))};
}

}  // namespace muster::core
