// Certificates of our authority that are not on record: the database was restored from a backup
// that is older than they are. The authority's signature outlives the database; what it cannot say
// is what became of the certificate later, so it is believed only where nothing on record speaks
// against it.
//
//   server           on record                                decision
//   admitted         nothing newer than the certificate       taken over, in force
//   registered,      nothing newer                            taken over, pending: an operator
//     pending, evicted                                          admits it
//   unknown          its zone                                 a new pending server under its id
//   banned, retired                                           E-BOOTSTRAP-BANNED
//   rejected                                                  E-BOOTSTRAP-REJECTED
//   any              a newer certificate                      E-CERT-REVOKED
//   any              another zone or tenant, or no such zone  E-CERT-FOREIGN
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATE_TAKEOVER_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATE_TAKEOVER_H_

#include <variant>

#include "absl/status/statusor.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "store/model/identity.h"

namespace muster::core {

// The certificate as it is on record from now on, or why it is not. Each takeover is audited and
// observed (E-CERT-ADOPTED).
absl::StatusOr<std::variant<store::WorkerCertificate, Failure>> TakeOverCertificate(
    Turn& turn, const SessionOpening& opening);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_CERTIFICATE_TAKEOVER_H_
