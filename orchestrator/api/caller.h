// Who calls an admin method, and whether they may.
//
//   door            who is behind it
//   mutual TLS      the operator whose id the certificate names, if the store has it, the key is on
//                   record for it, and neither is over (core/operators/rights.h)
//   Unix socket     root, or the user that the orchestrator runs as: the socket's file mode (0600)
//                   lets nobody else connect. Counts as provider_admin.
#ifndef MUSTER_ORCHESTRATOR_API_CALLER_H_
#define MUSTER_ORCHESTRATOR_API_CALLER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/authz/v1/role.pb.h"
#include "orchestrator/core/interfaces/actor.h"
#include "store/interface/store.h"
#include "store/model/identity.h"

namespace muster::api {

enum class Door { kMutualTls, kLocalSocket };

// What came with a call, as its carrier knows it.
struct Credentials {
  Door door = Door::kMutualTls;
  // Of the peer, whose chain, dates and purpose TLS has verified; "" without one.
  std::string certificate_pem;
};

struct Caller {
  core::Actor actor;  // With the tenants' wall.
  store::OperatorRole role = store::OperatorRole::kViewer;
  Credentials credentials;
  OperatorId id;  // Empty at the local socket.
};

// E-AUTH-REQUIRED: no certificate, not an operator's, or one that is not on record; E-AUTH-REVOKED,
// E-AUTH-EXPIRED; E-AUTH-FORBIDDEN: one who may see nothing. Blocks on the store.
absl::StatusOr<Caller> Identify(const Credentials& credentials, const store::Snapshot& snapshot,
                                absl::Time now);

// E-AUTH-FORBIDDEN unless the caller's role includes `required`; what asks for a provider_admin is
// about all tenants, so that one who is bound to some may not call it. ROLE_WORKER and
// ROLE_UNSPECIFIED are nobody's here.
absl::Status CheckRole(const Caller& caller, muster::authz::v1::Role required);

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_CALLER_H_
