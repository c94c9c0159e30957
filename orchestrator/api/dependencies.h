// What the admin calls are answered with.
#ifndef MUSTER_ORCHESTRATOR_API_DEPENDENCIES_H_
#define MUSTER_ORCHESTRATOR_API_DEPENDENCIES_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "orchestrator/api/long_calls.h"
#include "orchestrator/api/revocations.h"
#include "orchestrator/api/rollout_watchers.h"
#include "orchestrator/api/system_facts.h"
#include "orchestrator/core/interfaces/audit_trust.h"
#include "orchestrator/core/interfaces/connected_servers.h"
#include "orchestrator/core/interfaces/hub_checker.h"
#include "orchestrator/core/interfaces/operations.h"
#include "orchestrator/evidence/pack_writer.h"
#include "orchestrator/identity/certificate_authority.h"
#include "proto/rpc/roles.h"
#include "store/interface/store.h"

namespace muster::api {

// All borrowed; they outlive the calls.
struct Dependencies {
  const rpc::RoleTable& roles;
  core::Operations operations;
  const identity::CertificateAuthority& authority;
  const store::Store& store;
  const core::AuditKey& audit_key;
  const core::HeadBook& head_book;
  const evidence::PackKey& evidence_key;
  std::string evidence_folder;  // Where packs are made; it is there, and for the process alone.
  const core::ConnectedServers& connected;
  core::HubChecker& hub_checker;
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

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_DEPENDENCIES_H_
