#include "worker/platform/service_host.h"

namespace muster::worker {

std::unique_ptr<ServiceHost> SystemServiceHost() { return nullptr; }

}  // namespace muster::worker
