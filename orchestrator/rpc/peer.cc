#include "orchestrator/rpc/peer.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/mutex.h"

namespace muster::rpc {

std::string CertificatePemOf(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return "";
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (values.empty()) return "";
  return std::string(values.front().data(), values.front().size());
}

namespace {

absl::StatusOr<PeerWorker> WorkerIn(const std::string& pem) {
  const auto certificate = crypto::Certificate::FromPem(pem);
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

// Thread-safe.
class KnownWorkers {
 public:
  std::optional<PeerWorker> Find(const std::string& pem) const {
    MutexLock lock(&mu_);
    const auto found = by_pem_.find(pem);
    if (found == by_pem_.end()) return std::nullopt;
    return found->second;
  }
  void Add(const std::string& pem, const PeerWorker& worker) {
    MutexLock lock(&mu_);
    if (by_pem_.size() >= kMost) by_pem_.clear();
    by_pem_.emplace(pem, worker);
  }

 private:
  static constexpr size_t kMost = 256;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, PeerWorker> by_pem_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<PeerWorker> WorkerOf(const grpc::ServerContextBase& context) {
  static KnownWorkers& known = *new KnownWorkers;
  const std::string pem = CertificatePemOf(context);
  if (auto worker = known.Find(pem)) return *std::move(worker);
  auto worker = WorkerIn(pem);
  if (worker.ok()) known.Add(pem, *worker);
  return worker;
}

absl::StatusOr<OperatorId> OperatorOf(const grpc::ServerContextBase& context) {
  const auto certificate = crypto::Certificate::FromPem(CertificatePemOf(context));
  if (certificate.ok() && certificate->uri_sans().size() == 1) {
    if (auto op = identity::ParseOperatorUri(certificate->uri_sans().front()))
      return *std::move(op);
  }
  return FailureStatus(FailureCode::kCertUnknown, "the certificate names no operator");
}

}  // namespace muster::rpc
