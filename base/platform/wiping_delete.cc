// What a program gives back to the heap holds nothing any more (docs/security.md, "Where secrets
// live"): strings of JSON parsers and protobuf, buffers of HTTP clients, and whatever else of a
// library's may have held a secret for a moment. Linked into the programs, not into libraries: it
// takes the place of C++'s own new and delete, everywhere in the process.
#include <cstdlib>
#include <new>

#include "base/platform/memory.h"

namespace {

void WipeAndFree(void* memory) {
  if (memory == nullptr) return;
  muster::WipeHeapPiece(memory);
  std::free(memory);
}

void* Allocate(std::size_t size) {
  if (size == 0) size = 1;
  while (true) {
    if (void* const memory = std::malloc(size)) return memory;
    const std::new_handler handler = std::get_new_handler();
    // As the standard library does it; nobody here catches.
    if (handler == nullptr) std::abort();
    handler();
  }
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, std::size_t) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory, std::size_t) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { WipeAndFree(memory); }
