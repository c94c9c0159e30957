#include "base/crypto/secure_random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace muster::crypto {
namespace {

class OpensslRandom final : public Random {
 public:
  void Bytes(std::span<uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
  }
};

}  // namespace

Random& SecureRandom() {
  static OpensslRandom* const random = new OpensslRandom;
  return *random;
}

}  // namespace muster::crypto
