// Who is on the other end of a TLS connection, as its verified certificate says.
#ifndef MUSTER_ORCHESTRATOR_RPC_PEER_H_
#define MUSTER_ORCHESTRATOR_RPC_PEER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/crypto/key.h"
#include "base/ids.h"
#include "orchestrator/identity/identity_uri.h"

namespace grpc {
class ServerContextBase;
}

namespace muster::rpc {

struct PeerWorker {
  identity::WorkerIdentity identity;
  CertificateId certificate_id;
  std::string public_key_hash;
  absl::Time not_before;
  absl::Time not_after;
  crypto::PublicKey key;  // What joining keys for this worker are sealed to.
};
// E-CERT-UNKNOWN when the certificate names no worker (an operator's, for example). TLS has
// verified chain, dates and purpose; whether it was revoked is the core's matter. Certificates that
// were read lately are not read again: a worker may open calls as fast as it can send.
absl::StatusOr<PeerWorker> WorkerOf(const grpc::ServerContextBase& context);

// The operator whom the certificate names. E-CERT-UNKNOWN when it names none; whether that one is
// on record is the store's matter.
absl::StatusOr<OperatorId> OperatorOf(const grpc::ServerContextBase& context);

// The PEM of the peer's certificate, "" without one. Cheap: for the reactor's thread.
std::string CertificatePemOf(const grpc::ServerContextBase& context);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_PEER_H_
