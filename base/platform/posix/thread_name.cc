#include <pthread.h>

#include "base/platform/thread_name.h"

namespace muster {

void SetThreadName(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace muster
