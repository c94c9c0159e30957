// An operator's certificate as the store keeps it.
#ifndef MUSTER_ORCHESTRATOR_IDENTITY_OPERATOR_RECORD_H_
#define MUSTER_ORCHESTRATOR_IDENTITY_OPERATOR_RECORD_H_

#include "absl/time/time.h"
#include "base/crypto/certificate.h"
#include "store/model/identity.h"

namespace muster::identity {

inline store::OperatorCertificate RecordOf(const crypto::Certificate& certificate, absl::Time now) {
  return {.id = CertificateId(certificate.serial_hex()),
          .public_key_hash = certificate.public_key().Fingerprint(),
          .pem = certificate.ToPem(),
          .not_after = certificate.not_after(),
          .create_time = now};
}

}  // namespace muster::identity

#endif  // MUSTER_ORCHESTRATOR_IDENTITY_OPERATOR_RECORD_H_
