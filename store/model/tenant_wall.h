// Which tenants a reader may see. Whatever the store answers to an operator passes a wall, inside
// the query:
//
//   TenantWall::Of({acme})     rows of acme          one operator's tenants
//   TenantWall()               no row at all         nobody said whose reader this is
//   TenantWall::Everything()   every row             a provider's own operator, and the system
//
// There is no list whose being empty means "all": what was forgotten admits nothing. Everything() is
// made in few places, which tests/arch lists with their reasons. docs/security.md has the whole
// picture.
#ifndef MUSTER_STORE_MODEL_TENANT_WALL_H_
#define MUSTER_STORE_MODEL_TENANT_WALL_H_

#include <vector>

#include "base/ids.h"

namespace muster::store {

class TenantWall {
 public:
  explicit TenantWall() = default;  // Admits nothing. Explicit: `{}` is no wall.
  static TenantWall Everything();
  static TenantWall Of(std::vector<TenantId> tenants);  // These alone; of none: nothing.

  // Whether what belongs to this tenant is visible. What belongs to no one tenant (an empty id) is
  // visible without a wall only.
  bool Admits(const TenantId& tenant) const;
  bool admits_everything() const { return everything_; }
  // Sorted, each once. Says nothing of a wall that admits everything.
  const std::vector<TenantId>& tenants() const { return tenants_; }

  friend bool operator==(const TenantWall&, const TenantWall&) = default;

 private:
  bool everything_ = false;
  std::vector<TenantId> tenants_;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_TENANT_WALL_H_
