#include "orchestrator/net/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace muster::net {
namespace {

constexpr rlim_t kEnough = 1 << 20;  // Some libraries walk through all that could be open.

}  // namespace

int64_t RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = limit.rlim_max == RLIM_INFINITY ? kEnough : limit.rlim_max;
  if (limit.rlim_cur < wanted) {
    const rlimit raised = {std::max(limit.rlim_cur, std::min(wanted, kEnough)), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = raised.rlim_cur;
  }
  return static_cast<int64_t>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace muster::net
