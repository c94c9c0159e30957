// What was given back to the heap holds nothing of what it held, whoever gave it back.
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <string.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace muster {
namespace {

constexpr char kSecret[] = "q3Zt8mV1xL5cR7nB2kH9";
// The heap keeps its own lists in the first bytes of what is free.
constexpr size_t kOfTheHeap = 64;

// Whether the secret can be read where `memory` was, after `give_back`. The sizes are such that the
// heap keeps the pages (less than M_MMAP_THRESHOLD).
bool StillThere(char* memory, size_t size, const std::function<void(char*)>& give_back) {
  for (size_t at = kOfTheHeap; at + sizeof kSecret <= size; at += sizeof kSecret) {
    memcpy(memory + at, kSecret, sizeof kSecret);
  }
  volatile const char* const seen = memory;
  give_back(memory);
  for (size_t at = kOfTheHeap; at + sizeof kSecret <= size; ++at) {
    bool equal = true;
    for (size_t i = 0; equal && i + 1 < sizeof kSecret; ++i) equal = seen[at + i] == kSecret[i];
    if (equal) return true;
  }
  return false;
}

TEST(WipingHeapTest, OverwritesWhatIsFreed) {
  for (const size_t size : {200, 900, 5000, 20000}) {
    EXPECT_FALSE(StillThere(static_cast<char*>(std::malloc(size)), size,
                            [](char* memory) { std::free(memory); }))
        << size << " of C";
    EXPECT_FALSE(StillThere(static_cast<char*>(::operator new(size)), size,
                            [](char* memory) { ::operator delete(memory); }))
        << size << " of C++";
    EXPECT_FALSE(StillThere(static_cast<char*>(OPENSSL_malloc(size)), size,
                            [](char* memory) { OPENSSL_free(memory); }))
        << size << " of OpenSSL";
  }
}

TEST(WipingHeapTest, OverwritesWhatMovesAndWhatShrinks) {
  for (const size_t size : {200, 900, 5000, 20000}) {
    void* moved = nullptr;
    // Something behind it, so that it cannot grow where it is.
    char* const first = static_cast<char*>(std::malloc(size));
    void* const behind = std::malloc(size);
    EXPECT_FALSE(StillThere(first, size, [&](char* memory) {
      moved = std::realloc(memory, 4 * size);
    })) << size;
    EXPECT_EQ(memcmp(static_cast<char*>(moved) + kOfTheHeap, kSecret, sizeof kSecret), 0);
    EXPECT_FALSE(StillThere(static_cast<char*>(moved), 4 * size, [&](char* memory) {
      moved = std::realloc(memory, kOfTheHeap);
    })) << size;
    std::free(moved);
    std::free(behind);
  }
}

TEST(WipingHeapTest, TakesWhatTheStandardAllows) {
  std::free(nullptr);
  void* memory = std::realloc(nullptr, 100);
  ASSERT_NE(memory, nullptr);
  memset(memory, 1, 100);
  memory = std::realloc(memory, 100);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(static_cast<char*>(memory)[99], 1);
  EXPECT_EQ(std::realloc(memory, 0), nullptr);
  void* aligned = nullptr;
  ASSERT_EQ(posix_memalign(&aligned, 4096, 10000), 0);
  std::free(aligned);
  std::free(std::calloc(3, 1000));
}

}  // namespace
}  // namespace muster
