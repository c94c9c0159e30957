#include "base/platform/process_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

namespace muster {

void KeepMemoryPrivate() {
  const char* const allowed = std::getenv("MUSTER_CORE_DUMPS");
  if (allowed != nullptr && std::strcmp(allowed, "1") == 0) return;
  // Neither can fail in a way that leaves something to do.
  const rlimit none = {0, 0};
  static_cast<void>(setrlimit(RLIMIT_CORE, &none));
  static_cast<void>(prctl(PR_SET_DUMPABLE, 0));
}

}  // namespace muster
