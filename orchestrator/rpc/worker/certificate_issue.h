// Makes a worker's certificate and puts it on record before anyone gets it.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_CERTIFICATE_ISSUE_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_CERTIFICATE_ISSUE_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/crypto/key.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::rpc {

struct CertificateOrder {
  ServerId server_id;
  ZoneId zone_id;
  TokenId token_id;  // Empty for a renewal.
  crypto::PublicKey key;
};

// Signs on the calling thread (the blocking pool), records through the core, then calls `done` on
// the control strand with the PEM that is to be handed out, which may be one that was made before.
void IssueAndRecord(const identity::CertificateAuthority& authority,
                    const core::Posted<core::AdmissionOperations>& admission, const Clock& clock,
                    const CertificateOrder& order,
                    absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_CERTIFICATE_ISSUE_H_
