// What a program gives back to the heap holds nothing any more (docs/security.md, "Where secrets
// live"): buffers of TLS and HTTP/2 libraries as well as strings of C++, which all end in free().
// Linked into the programs, not into libraries: it takes the place of the C library's own free and
// realloc, everywhere in the process. For glibc as a shared library, whose malloc it stands on;
// a program without shared libraries has wiping_delete.cc.
#include <malloc.h>
#include <string.h>

#include <cerrno>
#include <cstddef>

// glibc's own, exported under these names since its beginnings (GLIBC_2.2.5).
extern "C" void* __libc_malloc(std::size_t size) noexcept;
extern "C" void* __libc_realloc(void* memory, std::size_t size) noexcept;
extern "C" void __libc_free(void* memory) noexcept;

namespace {

// Beyond this size glibc may move pages instead of copying them (mremap), and gives a piece back to
// the system: nothing of it stays in the process.
constexpr std::size_t kOwnPages = 64U << 20U;

}  // namespace

extern "C" void free(void* memory) noexcept {
  if (memory == nullptr) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  __libc_free(memory);
}

extern "C" void* realloc(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(memory);
    return nullptr;
  }
  const std::size_t before = malloc_usable_size(memory);
  if (before >= kOwnPages) return __libc_realloc(memory, size);
  if (size <= before) {
    explicit_bzero(static_cast<char*>(memory) + size, before - size);
    return __libc_realloc(memory, size);
  }
  void* const larger = __libc_malloc(size);
  if (larger == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  memcpy(larger, memory, before);
  free(memory);
  return larger;
}
