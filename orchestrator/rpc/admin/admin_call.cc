#include "orchestrator/rpc/admin/admin_call.h"

#include "base/log.h"
#include "base/status_macros.h"

namespace muster::rpc {

absl::StatusOr<Caller> AdminCalls::Authorize(const CallerClaim& claim,
                                             const store::Snapshot& snapshot) const {
  auto caller = Identify(door_, claim.certificate_pem, snapshot, d_.clock.Now());
  if (!caller.ok()) {
    log::Warning("operator refused", {{"method", claim.path}, {"reason", caller.status()}});
    return caller;
  }
  const absl::Status allowed = CheckRole(*caller, d_.roles.RequiredRole(claim.path));
  if (allowed.ok()) return caller;
  log::Warning("call refused",
               {{"method", claim.path}, {"operator", caller->actor.name}, {"reason", allowed}});
  NoteRefusal(caller->actor.name, claim.path);
  return allowed;
}

void AdminCalls::NoteRefusal(const std::string& actor, const std::string& path) const {
  d_.control.Post(
      [actor, path](core::Turn& turn) {
        return turn.store().audit().Append({.time = turn.now(),
                                            .actor = actor,
                                            .action = "auth.refused",
                                            .subject = path,
                                            .detail = "E-AUTH-FORBIDDEN"});
      },
      nullptr);
}

std::vector<std::unique_ptr<grpc::Service>> MakeAdminServices(
    Door door, const AdminDependencies& dependencies) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  for (auto* make :
       {MakeTenantService, MakeZoneService, MakeServerService, MakeTokenService, MakeRolloutService,
        MakeVerificationService, MakeSystemService, MakeOperatorService}) {
    services.push_back(make(door, dependencies));
  }
  return services;
}

}  // namespace muster::rpc
