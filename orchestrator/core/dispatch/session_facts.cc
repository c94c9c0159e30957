#include "orchestrator/core/dispatch/session_facts.h"

#include "absl/hash/hash.h"
#include "base/status_macros.h"

namespace muster::core {

absl::Status KeepFacts(Turn& turn, Session& session,
                       const std::optional<store::MachineFacts>& machine,
                       const std::optional<store::ServiceFacts>& service) {
  const bool new_machine = machine.has_value() && absl::HashOf(*machine) != session.machine_hash;
  const bool new_service = service.has_value() && absl::HashOf(*service) != session.service_hash;
  if (!new_machine && !new_service) return absl::OkStatus();
  turn.Concerns(session.server_id);
  RETURN_IF_ERROR(turn.store().servers().SetFacts(session.server_id,
                                                  new_machine ? machine : std::nullopt,
                                                  new_service ? service : std::nullopt));
  if (new_machine) {
    session.machine_hash = absl::HashOf(*machine);
    if (!machine->machine_name.empty()) session.machine_name = machine->machine_name;
  }
  if (new_service) {
    session.service_hash = absl::HashOf(*service);
    session.internal_instance_id = service->internal_instance_id;
  }
  return absl::OkStatus();
}

}  // namespace muster::core
