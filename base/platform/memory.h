// The memory of this process, as the system sees it.
#ifndef MUSTER_BASE_PLATFORM_MEMORY_H_
#define MUSTER_BASE_PLATFORM_MEMORY_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace muster {

// What of it is in memory now; 0 when the system does not say.
int64_t ResidentBytes();

// Gives back to the system what the heap keeps although nobody uses it. Takes some milliseconds for
// each 100 MiB of heap, in which other threads may wait for memory.
void ReturnFreeMemory();

// Keeps the pages that hold these bytes out of swap space and hibernation images, for as long as the
// process lives (mlock(2)). False when the system does not allow it: RLIMIT_MEMLOCK, for one.
bool LockInMemory(absl::string_view bytes);

// Overwrites a piece of the heap, all of it, before it is given back: what malloc returned.
void WipeHeapPiece(void* memory);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_MEMORY_H_
