#include "store/model/tenant_wall.h"

#include <algorithm>
#include <utility>

namespace muster::store {

TenantWall TenantWall::Everything() {
  TenantWall wall;
  wall.everything_ = true;
  return wall;
}

TenantWall TenantWall::Of(std::vector<TenantId> tenants) {
  TenantWall wall;
  wall.tenants_ = std::move(tenants);
  std::erase_if(wall.tenants_, [](const TenantId& tenant) { return tenant.empty(); });
  std::sort(wall.tenants_.begin(), wall.tenants_.end());
  wall.tenants_.erase(std::unique(wall.tenants_.begin(), wall.tenants_.end()), wall.tenants_.end());
  return wall;
}

bool TenantWall::Admits(const TenantId& tenant) const {
  return everything_ || std::binary_search(tenants_.begin(), tenants_.end(), tenant);
}

}  // namespace muster::store
