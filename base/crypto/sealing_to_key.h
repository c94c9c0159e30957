// A secret for one reader: sealed to their public key, so that only the holder of the private half
// opens it, wherever copies of it lie on the way.
//
//   bytes:   version (1) │ ephemeral public key, P-256 point (65) │ sealed blob (sealing.h)
//
//   ECDH(ephemeral, reader's key) ─► HKDF-SHA256, info = both public keys ─► key of the blob
//
// The associated data is not in the bytes: the reader must know what the secret is for. Who sealed it
// is not proven by this; the channel that it comes through proves that.
#ifndef MUSTER_BASE_CRYPTO_SEALING_TO_KEY_H_
#define MUSTER_BASE_CRYPTO_SEALING_TO_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/key.h"
#include "base/random.h"
#include "base/secret.h"

namespace muster::crypto {

// Each call makes a key pair of its own. InvalidArgument for a reader whose key is not on P-256.
absl::StatusOr<std::string> SealToKey(const PublicKey& reader, const Secret& plaintext,
                                      absl::string_view associated_data, Random& random);

// FailedPrecondition when it was sealed to another key or for another purpose, or was altered;
// InvalidArgument for bytes that SealToKey has not written, and for a key that is not on P-256.
absl::StatusOr<Secret> OpenWithKey(const PrivateKey& reader, absl::string_view sealed,
                                   absl::string_view associated_data);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_SEALING_TO_KEY_H_
