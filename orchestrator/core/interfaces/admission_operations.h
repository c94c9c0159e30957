// What the bootstrap and session services ask on behalf of machines that come in. See posted.h for
// how these are called. Errors are Status with an E-… code.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_ADMISSION_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_ADMISSION_OPERATIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/posted.h"
#include "store/model/identity.h"
#include "store/model/server.h"
#include "store/model/zone.h"

namespace muster::core {

struct BootstrapRequest {
  std::string secret_hash;
  std::string server_name;
  std::string address;
  std::string public_key_hash;
  store::MachineFacts machine;
};
struct BootstrapGrant {
  ServerId server_id;
  TokenId token_id;
  store::Zone zone;
  bool admitted = true;
};

class AdmissionOperations {
 public:
  virtual ~AdmissionOperations() = default;

  // First step of a bootstrap: is this token good for this machine? In this order: known, state,
  // expiry, expected name, uses that are left (counted uses and certificates whose possession is
  // not proven yet), the server's admission, the name's owner, other zones that know the machine
  // (admission/tokens.h). A refusal is recorded. Consumes nothing; a server that is not in the
  // inventory is created.
  virtual absl::StatusOr<Decision<BootstrapGrant>> Bootstrap(Turn& turn,
                                                             const BootstrapRequest& request) = 0;
  // Second step, after the certificate was made, and also for renewals: it is on record before the
  // worker gets it. One that was paid for by the same token for the same server and never used is
  // superseded: a bootstrap may be repeated after a lost answer. E-INVENTORY-SERVER;
  // E-TOKEN-EXHAUSTED when others have taken the last use since the decision.
  virtual absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      Turn& turn, const store::WorkerCertificate& certificate) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ADMISSION_OPERATIONS_H_
