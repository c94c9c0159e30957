// Secrets at rest: AES-256-GCM under a master key, bound to what they belong to.
//
//   bytes of a sealed blob:   version (1) │ nonce (12) │ ciphertext │ tag (16)
//
// The associated data is not in the blob: whoever opens it must know what it belongs to (a zone and
// a key version), so a blob that was moved to another row does not open. Version and associated
// data are authenticated.
#ifndef MUSTER_BASE_CRYPTO_SEALING_H_
#define MUSTER_BASE_CRYPTO_SEALING_H_

#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/random.h"
#include "base/secret.h"

namespace muster::crypto {

inline constexpr size_t kSealingKeyBytes = 32;

// Ciphertext: may be stored and copied freely.
struct SealedBlob {
  std::string bytes;
};

// A new master key.
Secret GenerateSealingKey(Random& random);

// Joins parts so that different parts never give the same text ("a","bc" against "ab","c").
std::string AssociatedData(std::initializer_list<absl::string_view> parts);

// `key` has kSealingKeyBytes bytes, else InvalidArgument. One key seals up to 2^32 blobs safely.
absl::StatusOr<SealedBlob> Seal(const Secret& key, const Secret& plaintext,
                                absl::string_view associated_data, Random& random);

// FailedPrecondition when key, associated data or blob are not those of Seal (which of them, cannot
// be known); InvalidArgument for a key of the wrong size or a blob that no version of this program
// has written.
absl::StatusOr<Secret> Open(const Secret& key, const SealedBlob& blob,
                            absl::string_view associated_data);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_SEALING_H_
