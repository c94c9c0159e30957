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
  // The answer that this request got before, which is the answer again; empty: a new one is to be
  // made and put on record.
  std::string certificate_pem;
};
struct RenewalRequest {
  CertificateId certificate_id;  // That the worker came with.
  ServerId server_id;
  ZoneId zone_id;
  std::string public_key_hash;  // Of the key that the new one is for.
};
struct RenewalGrant {
  std::string certificate_pem;  // As above.
};

class AdmissionOperations {
 public:
  virtual ~AdmissionOperations() = default;

  // First step of a bootstrap: is this token good for this machine? admission/bootstraps.h says
  // what is asked in which order. A refusal is recorded. Consumes nothing; a server that is not in
  // the inventory is created.
  virtual absl::StatusOr<Decision<BootstrapGrant>> Bootstrap(Turn& turn,
                                                             const BootstrapRequest& request) = 0;
  // First step of a renewal: may this worker have a new certificate? It may when its own is on
  // record, in force and had a session, the server is admitted, and two thirds of its life are over,
  // or it was taken over (E-CERT-NOT-DUE, E-CERT-…, E-DISPATCH-NOT-ADMITTED, E-BOOTSTRAP-EVICTED for
  // a key that was put out). With changing keys at most once an hour.
  virtual absl::StatusOr<RenewalGrant> Renew(Turn& turn, const RenewalRequest& request) = 0;
  // Second step of both, after the certificate was made: it is on record before the worker gets it.
  // Answers what is to be handed out: the one that the same request was answered with, if it was
  // since the first step. Another key's that waited is superseded. E-INVENTORY-SERVER;
  // E-TOKEN-EXHAUSTED, E-BOOTSTRAP-NAME-TAKEN and E-BOOTSTRAP-KEY-WAITS when somebody else came
  // first since the decision.
  virtual absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      Turn& turn, const store::WorkerCertificate& certificate) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_ADMISSION_OPERATIONS_H_
