#include "orchestrator/core/inventory/enrollment_reset.h"

#include "base/status_macros.h"

namespace muster::core {

using store::Enrollment;

absl::Status ResetEnrollment(Turn& turn, ServerChange& change, const store::Server& server,
                             const Failure& why) {
  if (server.claim.has_value()) {
    RETURN_IF_ERROR(turn.store().servers().SetClaim(server.id, std::nullopt));
  }
  if (server.proof.has_value()) {
    RETURN_IF_ERROR(turn.store().servers().DropProof(server.id));
    change.Note(
        absl::StrCat("proof by hub record ", server.proof->hub_instance_id.value(), " dropped"));
  }
  if (server.enrollment != Enrollment::kEnrolled) return absl::OkStatus();
  return change.Enrollment(Enrollment::kEnrolled, Enrollment::kDegraded, why);
}

absl::Status ResetEnrollment(Turn& turn, const Actor& actor, const store::Server& server,
                             const Failure& why) {
  ServerChange change(turn, actor.name, "server.enrollment", server.id, server.zone_id);
  RETURN_IF_ERROR(ResetEnrollment(turn, change, server, why));
  change.Note(why.detail);
  return change.Record();
}

}  // namespace muster::core
