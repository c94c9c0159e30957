#include "base/crypto/locked_keys.h"

#include <openssl/crypto.h>

#include <atomic>

namespace muster::crypto {
namespace {

// A key on P-256 takes some hundred bytes; each handshake under way has one, too.
constexpr size_t kBytes = 1 << 20;
constexpr size_t kSmallestPiece = 32;
constexpr int kLocked = 1;  // 2: all but that.

std::atomic<bool> locked = false;

}  // namespace

bool KeepKeysInLockedMemory() {
  locked = CRYPTO_secure_malloc_init(kBytes, kSmallestPiece) == kLocked;
  return locked;
}

bool KeysAreInLockedMemory() { return locked; }

}  // namespace muster::crypto
