#include "orchestrator/core/hubs/hub_reading.h"

namespace muster::core {

bool IsPlausible(int instances, std::optional<int> last_instances) {
  return instances * 2 >= last_instances.value_or(0);
}

}  // namespace muster::core
