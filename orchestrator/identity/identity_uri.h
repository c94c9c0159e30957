// The names in our certificates, as URI SANs:
//
//   worker     muster://<tenant>/<zone>/<server-id>   muster://acme/prod/srv-mzxw6ytboi4dcmrtgq2t
//   operator   muster://operator/<operator-id>        muster://operator/opr-mzxw6ytboi4dcmrtgq2t
//
// The number of parts tells them apart, so a tenant may be called "operator".
#ifndef MUSTER_ORCHESTRATOR_IDENTITY_IDENTITY_URI_H_
#define MUSTER_ORCHESTRATOR_IDENTITY_IDENTITY_URI_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/ids.h"

namespace muster::identity {

struct WorkerIdentity {
  TenantId tenant_id;
  ZoneId zone_id;  // "acme/prod"; begins with the tenant.
  ServerId server_id;
  friend bool operator==(const WorkerIdentity&, const WorkerIdentity&) = default;
};

std::string WorkerUri(const ZoneId& zone, const ServerId& server);
// Nothing for a text that WorkerUri does not make.
std::optional<WorkerIdentity> ParseWorkerUri(absl::string_view uri);

std::string OperatorUri(const OperatorId& op);
std::optional<OperatorId> ParseOperatorUri(absl::string_view uri);

}  // namespace muster::identity

#endif  // MUSTER_ORCHESTRATOR_IDENTITY_IDENTITY_URI_H_
