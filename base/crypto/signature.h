// Signatures: ECDSA over SHA-256 with keys on P-256. Pure functions over bytes; thread-safe.
#ifndef MUSTER_BASE_CRYPTO_SIGNATURE_H_
#define MUSTER_BASE_CRYPTO_SIGNATURE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/key.h"

namespace muster::crypto {

// The signature of `data` as DER, up to 72 bytes; another one each time. Some 50 µs.
absl::StatusOr<std::string> Sign(const PrivateKey& key, absl::string_view data);
// Whether the holder of the private half has signed `data`. False for bytes that are no signature.
bool IsSignatureOf(const PublicKey& key, absl::string_view data, absl::string_view signature);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_SIGNATURE_H_
