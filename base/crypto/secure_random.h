// OpenSSL's generator behind the Random interface: for keys, nonces, serial numbers and tokens.
#ifndef MUSTER_BASE_CRYPTO_SECURE_RANDOM_H_
#define MUSTER_BASE_CRYPTO_SECURE_RANDOM_H_

#include "base/random.h"

namespace muster::crypto {

// Thread-safe. Ends the process if the generator fails: no key is better than a guessable one.
Random& SecureRandom();

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_SECURE_RANDOM_H_
