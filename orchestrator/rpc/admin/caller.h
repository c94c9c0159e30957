// Who calls an admin method, and whether they may.
//
//   door            who is behind it
//   mutual TLS      the operator whose id the certificate names, if the store has it, the key is on
//                   record for it, and neither is over (core/operators/rights.h)
//   Unix socket     root, or the user that the orchestrator runs as: the socket's file mode (0600)
//                   lets nobody else connect. Counts as provider_admin.
#ifndef MUSTER_ORCHESTRATOR_RPC_ADMIN_CALLER_H_
#define MUSTER_ORCHESTRATOR_RPC_ADMIN_CALLER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/authz/v1/role.pb.h"
#include "orchestrator/core/interfaces/actor.h"
#include "store/interface/store.h"
#include "store/model/identity.h"

namespace muster::rpc {

enum class Door { kMutualTls, kLocalSocket };

struct Caller {
  core::Actor actor;  // With the tenants' wall.
  store::OperatorRole role = store::OperatorRole::kViewer;

  // Whether the tenant lies inside the caller's wall. An empty id (of no one tenant) only for
  // callers without a wall.
  bool Sees(const TenantId& tenant) const;
};

// E-AUTH-REQUIRED: no certificate, not an operator's, or one that is not on record; E-AUTH-REVOKED,
// E-AUTH-EXPIRED. `certificate_pem` as peer.h has it. Blocks on the store.
absl::StatusOr<Caller> Identify(Door door, const std::string& certificate_pem,
                                const store::Snapshot& snapshot, absl::Time now);

// E-AUTH-FORBIDDEN unless the caller's role includes `required`. ROLE_WORKER and ROLE_UNSPECIFIED
// are nobody's here.
absl::Status CheckRole(const Caller& caller, muster::authz::v1::Role required);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_ADMIN_CALLER_H_
