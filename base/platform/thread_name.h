// Names the calling thread for debuggers and `top -H`.
#ifndef MUSTER_BASE_PLATFORM_THREAD_NAME_H_
#define MUSTER_BASE_PLATFORM_THREAD_NAME_H_

#include <string>

namespace muster {

// Keeps the first 15 characters. Does nothing where the system has no such call.
void SetThreadName(const std::string& name);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_THREAD_NAME_H_
