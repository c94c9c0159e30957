// How the two tenants of ApiBench come about.
#ifndef MUSTER_TESTS_ORCHESTRATOR_API_TWO_TENANTS_H_
#define MUSTER_TESTS_ORCHESTRATOR_API_TWO_TENANTS_H_

#include "absl/time/time.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::api {

// Of all that happens in the tests' beginning.
inline const absl::Time kFleetTime = absl::FromUnixSeconds(1'790'000'000);

// Issued the operators' certificates.
const identity::CertificateAuthority& FleetAuthority();

}  // namespace muster::api

#endif  // MUSTER_TESTS_ORCHESTRATOR_API_TWO_TENANTS_H_
