// Tenants: the hard walls between the data of the provider's customers.
#ifndef MUSTER_STORE_MODEL_TENANT_H_
#define MUSTER_STORE_MODEL_TENANT_H_

#include <string>

#include "absl/time/time.h"
#include "base/ids.h"

namespace muster::store {

// A customer of the provider.
struct Tenant {
  TenantId id;
  std::string display_name;
  absl::Time create_time;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_TENANT_H_
