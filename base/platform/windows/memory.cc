#include "base/platform/memory.h"

#include <windows.h>
// Behind windows.h, which it needs.
#include <psapi.h>

#include <malloc.h>

namespace muster {

int64_t ResidentBytes() {
  PROCESS_MEMORY_COUNTERS counters = {};
  counters.cb = sizeof counters;
  return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters)
             ? static_cast<int64_t>(counters.WorkingSetSize)
             : 0;
}

void ReturnFreeMemory() { _heapmin(); }

// The working set may not grow beyond its minimum by locked pages, so that a few can always be.
bool LockInMemory(absl::string_view bytes) {
  return bytes.empty() || VirtualLock(const_cast<char*>(bytes.data()), bytes.size()) != 0;
}

void WipeHeapPiece(void* memory) { SecureZeroMemory(memory, _msize(memory)); }

}  // namespace muster
