#include "orchestrator/rpc/worker/certificate_issue.h"

#include <utility>

namespace muster::rpc {

void IssueAndRecord(const identity::CertificateAuthority& authority,
                    const core::Posted<core::AdmissionOperations>& admission, const Clock& clock,
                    const CertificateOrder& order,
                    absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  const auto certificate = authority.IssueWorker(order.zone_id, order.server_id, order.key);
  if (!certificate.ok()) return done(certificate.status());
  store::WorkerCertificate record{.id = CertificateId(certificate->serial_hex()),
                                  .server_id = order.server_id,
                                  .zone_id = order.zone_id,
                                  .token_id = order.token_id,
                                  .public_key_hash = order.key.Fingerprint(),
                                  .not_before = certificate->not_before(),
                                  .not_after = certificate->not_after(),
                                  .create_time = clock.Now(),
                                  .pem = certificate->ToPem()};
  admission.Call(
      &core::AdmissionOperations::RecordCertificate,
      [done = std::move(done)](absl::StatusOr<store::WorkerCertificate> recorded) mutable {
        if (!recorded.ok()) return done(recorded.status());
        done(std::move(recorded->pem));
      },
      std::move(record));
}

}  // namespace muster::rpc
