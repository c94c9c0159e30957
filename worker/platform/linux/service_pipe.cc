#include "worker/platform/service_pipe.h"

namespace muster::worker {

std::string DefaultServicePipe() { return ""; }

std::unique_ptr<http::Transport> ServicePipeTransport(ServiceTrust&, std::string) {
  return nullptr;
}

}  // namespace muster::worker
