// The services that operators call (muster.admin.v1): the same set behind each door.
#ifndef MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_
#define MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/operations.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/admin/caller.h"
#include "orchestrator/rpc/admin/long_calls.h"
#include "orchestrator/rpc/admin/revocations.h"
#include "orchestrator/rpc/admin/rollout_watchers.h"
#include "orchestrator/rpc/system_facts.h"
#include "orchestrator/rpc/worker/session_registry.h"
#include "proto/rpc/roles.h"
#include "store/interface/store.h"

namespace grpc {
class Service;
}

namespace muster::rpc {

// All borrowed; they outlive the servers that the services are registered with.
struct AdminDependencies {
  const RoleTable& roles;
  core::Operations operations;
  core::Control& control;  // For audit events of refusals.
  const identity::CertificateAuthority& authority;
  const store::Store& store;
  const core::AuditKey& audit_key;
  const core::HeadBook& head_book;
  SessionRegistry& sessions;
  RolloutWatchers& watchers;
  LongCalls& long_calls;
  const Revocations& revocations;
  Executor& pool;
  Executor& status_pool;  // For the status: it is asked for while reports take the other.
  const SystemFacts& facts;
  const Clock& clock;
  Random& random;
  std::string bootstrap_address;  // For token files: "host:port".
  // For operator directories: "host:port"; "" until all listen. Thread-safe.
  std::function<std::string()> admin_address;
  absl::Time start_time;
};

// One object may be registered with one server only, so each door gets its own set.
std::vector<std::unique_ptr<grpc::Service>> MakeAdminServices(
    Door door, const AdminDependencies& dependencies);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_SERVICES_H_
