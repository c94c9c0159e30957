#include "orchestrator/net/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

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

int64_t DescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<int64_t>(std::min(limit.rlim_cur, kEnough));
}

int64_t OpenDescriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  const std::filesystem::directory_iterator end;
  int64_t open = 0;
  while (!error && entry != end) {
    ++open;
    entry.increment(error);
  }
  return std::max<int64_t>(0, open - 1);  // Without the one that reads.
}

}  // namespace muster::net
