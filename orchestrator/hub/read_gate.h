// How many readings of hubs are under way at once: so many of a tenant, so many in all. Who comes
// later waits in its tenant's queue, and the tenants take turns, so that a tenant whose hubs hang
// holds up nobody but itself.
#ifndef MUSTER_ORCHESTRATOR_HUB_READ_GATE_H_
#define MUSTER_ORCHESTRATOR_HUB_READ_GATE_H_

#include <deque>
#include <map>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "base/ids.h"
#include "base/mutex.h"

namespace muster::hub {

// Thread-safe.
class ReadGate {
 public:
  using Reading = absl::AnyInvocable<void()>;

  ReadGate(int per_tenant, int total) : per_tenant_(per_tenant), total_(total) {}

  // Begins the reading as soon as there is room: here, or in a caller of Leave. It must not block,
  // and Leave is called when it has ended, possibly from within.
  void Enter(const TenantId& tenant, Reading reading);
  void Leave(const TenantId& tenant);

 private:
  struct Tenant {
    int under_way = 0;
    std::deque<Reading> waiting;
  };

  void BeginAll();
  std::optional<Reading> Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const int per_tenant_;
  const int total_;
  Mutex mu_;
  std::map<TenantId, Tenant> tenants_ ABSL_GUARDED_BY(mu_);
  TenantId last_ ABSL_GUARDED_BY(mu_);  // Whose turn it was.
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;
  bool beginning_ ABSL_GUARDED_BY(mu_) = false;  // One thread begins all there is room for.
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_READ_GATE_H_
