#include "orchestrator/rpc/peer.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::rpc {

std::string CertificatePemOf(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return "";
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (values.empty()) return "";
  return std::string(values.front().data(), values.front().size());
}

absl::StatusOr<PeerWorker> WorkerOf(const grpc::ServerContextBase& context) {
  const auto certificate = crypto::Certificate::FromPem(CertificatePemOf(context));
  if (certificate.ok() && certificate->uri_sans().size() == 1) {
    if (auto identity = identity::ParseWorkerUri(certificate->uri_sans().front())) {
      return PeerWorker{*std::move(identity),
                        CertificateId(certificate->serial_hex()),
                        certificate->public_key().Fingerprint(),
                        certificate->not_before(),
                        certificate->not_after(),
                        certificate->public_key()};
    }
  }
  return FailureStatus(FailureCode::kCertUnknown, "the certificate names no worker");
}

}  // namespace muster::rpc
