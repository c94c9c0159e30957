// How this worker shows a service of its machine who it is (Negotiate, certify.md 1.2).
#ifndef MUSTER_WORKER_PLATFORM_NEGOTIATOR_H_
#define MUSTER_WORKER_PLATFORM_NEGOTIATOR_H_

#include <memory>

#include "base/http/negotiator.h"

namespace muster::worker {

// As the account of this process: on Windows by SSPI, LocalSystem for the service. Null where the
// service asks for nobody.
std::unique_ptr<http::Negotiator> SystemNegotiator();

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_NEGOTIATOR_H_
