#include "worker/platform/negotiator.h"

namespace muster::worker {

std::unique_ptr<http::Negotiator> SystemNegotiator() { return nullptr; }

}  // namespace muster::worker
