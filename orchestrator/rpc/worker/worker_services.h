// The two services that workers call: Bootstrap (a token for a certificate) and Session.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_WORKER_SERVICES_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_WORKER_SERVICES_H_

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/worker/session_registry.h"

namespace grpc {
class Service;
}

namespace muster::rpc {

// All borrowed; they outlive the servers that the services are registered with.
struct WorkerServiceDependencies {
  SessionRegistry& sessions;
  core::WorkerEvents& events;
  core::Posted<core::AdmissionOperations> admission;
  const identity::CertificateAuthority& authority;
  Executor& pool;
  const Clock& clock;
};

// For the mutual-TLS listener.
std::unique_ptr<grpc::Service> MakeSessionService(const WorkerServiceDependencies& dependencies);

struct BootstrapOptions {
  std::string session_address;  // What enrolled workers dial: "host:port".
  // Calls a minute of one source address; a quarter of it may come at once. Behind one address may
  // be a whole site.
  double calls_per_minute = 1200;
};
class BootstrapDesk;
// For the listener without client certificates. All borrowed, as above; the pool is for checks.
std::unique_ptr<grpc::Service> MakeBootstrapService(BootstrapDesk& desk, Executor& pool,
                                                    const Clock& clock, double calls_per_minute);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_WORKER_SERVICES_H_
