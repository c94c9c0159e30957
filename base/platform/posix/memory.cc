#include "base/platform/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace muster {

int64_t ResidentBytes() {
  const int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (statm < 0) return 0;
  char text[256] = {};
  const ssize_t size = read(statm, text, sizeof text - 1);
  close(statm);
  if (size <= 0) return 0;
  char* second = nullptr;  // Pages in all, then those in memory.
  static_cast<void>(std::strtoll(text, &second, 10));
  return std::strtoll(second, nullptr, 10) * sysconf(_SC_PAGESIZE);
}

void ReturnFreeMemory() { malloc_trim(0); }

bool LockInMemory(absl::string_view bytes) {
  return bytes.empty() || mlock(bytes.data(), bytes.size()) == 0;
}

void WipeHeapPiece(void* memory) { explicit_bzero(memory, malloc_usable_size(memory)); }

}  // namespace muster
