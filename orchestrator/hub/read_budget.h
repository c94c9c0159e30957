// The memory that readings under way may hold, for each tenant and for all together. Where all
// together are at their limit, it is the tenant that holds most that gives way, not the one that
// asks last.
#ifndef MUSTER_ORCHESTRATOR_HUB_READ_BUDGET_H_
#define MUSTER_ORCHESTRATOR_HUB_READ_BUDGET_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/mutex.h"

namespace muster::hub {

// Thread-safe.
class ReadBudget {
 public:
  ReadBudget(size_t tenant_bytes, size_t total_bytes)
      : tenant_bytes_(tenant_bytes), total_bytes_(total_bytes) {}

  // What one reading holds; given back with it. Not thread-safe. The budget outlives it.
  class Share {
   public:
    Share(ReadBudget& budget, const TenantId& tenant) : budget_(budget), tenant_(tenant) {}
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // False: the reading has to end; refusal() says by which limit.
    bool Take(size_t bytes);
    const std::string& refusal() const { return refusal_; }

   private:
    ReadBudget& budget_;
    const TenantId tenant_;
    size_t bytes_ = 0;
    std::string refusal_;
  };

  // Of all readings now, and the most there ever was.
  size_t held() const;
  size_t peak() const;

 private:
  struct Tenant {
    size_t bytes = 0;
    bool gives_way = false;  // Until it holds nothing any more.
  };

  const size_t tenant_bytes_;
  const size_t total_bytes_;
  mutable Mutex mu_;
  std::map<TenantId, Tenant> tenants_ ABSL_GUARDED_BY(mu_);
  size_t held_ ABSL_GUARDED_BY(mu_) = 0;
  size_t peak_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_READ_BUDGET_H_
