// The hub's instance list: whatever the bytes, it is a list with ids or an error that repeats none
// of them.
#include <cstdint>
#include <cstdlib>

#include "orchestrator/hub/instance_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  auto list = muster::hub::ParseInstanceList(json);
  if (!list.ok()) {
    if (list.status().message().size() > 200) std::abort();
    return 0;
  }
  for (const muster::core::HubInstance& instance : list->instances) {
    if (instance.id.empty()) std::abort();
  }
  muster::hub::RemoveOwnInstance("3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d", list->instances);
  return 0;
}
