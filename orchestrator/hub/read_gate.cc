#include "orchestrator/hub/read_gate.h"

#include <utility>

namespace muster::hub {

void ReadGate::Enter(const TenantId& tenant, Reading reading) {
  {
    MutexLock lock(&mu_);
    tenants_[tenant].waiting.push_back(std::move(reading));
  }
  BeginAll();
}

void ReadGate::Leave(const TenantId& tenant) {
  {
    MutexLock lock(&mu_);
    --under_way_;
    const auto it = tenants_.find(tenant);
    if (--it->second.under_way == 0 && it->second.waiting.empty()) tenants_.erase(it);
  }
  BeginAll();
}

// A reading that ends at once comes back here through Leave: it finds `beginning_` set and goes, so
// that any number of them one after the other needs no deeper stack than one.
void ReadGate::BeginAll() {
  {
    MutexLock lock(&mu_);
    if (std::exchange(beginning_, true)) return;
  }
  while (true) {
    std::optional<Reading> next;
    {
      MutexLock lock(&mu_);
      next = Next();
      if (!next.has_value()) {
        beginning_ = false;
        return;
      }
    }
    (*next)();
  }
}

std::optional<ReadGate::Reading> ReadGate::Next() {
  if (under_way_ >= total_) return std::nullopt;
  auto it = tenants_.upper_bound(last_);
  for (size_t looked = 0; looked < tenants_.size(); ++looked, ++it) {
    if (it == tenants_.end()) it = tenants_.begin();
    Tenant& tenant = it->second;
    if (tenant.waiting.empty() || tenant.under_way >= per_tenant_) continue;
    Reading reading = std::move(tenant.waiting.front());
    tenant.waiting.pop_front();
    ++tenant.under_way;
    ++under_way_;
    last_ = it->first;
    return reading;
  }
  return std::nullopt;
}

}  // namespace muster::hub
