// What a process keeps to itself: its memory holds keys and, for moments, customers' secrets.
#ifndef MUSTER_BASE_PLATFORM_PROCESS_MEMORY_H_
#define MUSTER_BASE_PLATFORM_PROCESS_MEMORY_H_

namespace muster {

// From now on no core dump is written, and no process of the same user can attach to this one or
// read its memory (prctl(2), PR_SET_DUMPABLE). Root still can. For the beginning of main; children
// inherit the first alone. MUSTER_CORE_DUMPS=1 in the environment leaves it be, for whoever looks
// for a fault on a machine without secrets.
void KeepMemoryPrivate();

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_PROCESS_MEMORY_H_
