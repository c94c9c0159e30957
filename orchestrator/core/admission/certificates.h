// Putting workers' certificates on record. A request that was answered is answered again with the
// same certificate: whoever asks again for a key, the worker that lost the answer or somebody who
// saw the request, gets what is no use without the key, and nothing changes for anybody.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATES_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/identity.h"

namespace muster::core {

// A worker asks so much before two thirds of its certificate's life at most: clocks differ.
inline constexpr absl::Duration kRenewalLenience = absl::Hours(24);
// Renewals with changing keys are this far apart.
inline constexpr absl::Duration kRenewalWithOtherKeyEvery = absl::Hours(1);

// Whether the token has a use that is neither counted nor promised to a server other than that with
// these certificates: their certificates wait for a first session.
absl::StatusOr<bool> HasUseLeft(Turn& turn, const store::BootstrapToken& token,
                                const std::vector<store::WorkerCertificate>& of_server);

// See AdmissionOperations.
absl::StatusOr<store::WorkerCertificate> RecordCertificate(
    Turn& turn, const store::WorkerCertificate& certificate);
absl::StatusOr<RenewalGrant> GrantRenewal(Turn& turn, const RenewalRequest& request);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATES_H_
