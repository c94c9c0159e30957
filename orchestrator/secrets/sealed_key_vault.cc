#include "orchestrator/secrets/sealed_key_vault.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/crypto/sealing.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/memory.h"
#include "base/status_macros.h"

namespace muster::secrets {

absl::StatusOr<std::unique_ptr<SealedKeyVault>> SealedKeyVault::Create(Secret master_key,
                                                                       Random& random) {
  if (master_key.size() != crypto::kSealingKeyBytes) {
    return FailureStatus(FailureCode::kKeyMaster,
                         absl::StrCat("a master key has ", crypto::kSealingKeyBytes, " bytes, not ",
                                      master_key.size()));
  }
  return std::unique_ptr<SealedKeyVault>(new SealedKeyVault(std::move(master_key), random));
}

SealedKeyVault::SealedKeyVault(Secret master_key, Random& random)
    : master_key_(std::move(master_key)),
      key_is_locked_(LockInMemory(master_key_.Reveal())),
      random_(random) {}

absl::StatusOr<store::Sealed> SealedKeyVault::Seal(const Secret& secret,
                                                   absl::string_view binding) {
  ASSIGN_OR_RETURN(crypto::SealedBlob blob, crypto::Seal(master_key_, secret, binding, random_));
  return store::Sealed{std::move(blob.bytes)};
}

std::string SealedKeyVault::Fingerprint(const Secret& secret, absl::string_view purpose) {
  // A key of its own, so that no use of the master key can be mistaken for another one.
  const Secret key =
      Secret::Take(crypto::HmacSha256(master_key_.Reveal(), "muster secret fingerprints"));
  const Secret data = Secret::Take(absl::StrCat(purpose.size(), ":", purpose, secret.Reveal()));
  return absl::BytesToHexString(crypto::HmacSha256(key.Reveal(), data.Reveal()).substr(0, 16));
}

absl::StatusOr<Secret> SealedKeyVault::Open(const store::Sealed& sealed,
                                            absl::string_view binding) {
  absl::StatusOr<Secret> secret = crypto::Open(master_key_, {sealed.bytes}, binding);
  if (secret.ok()) return secret;
  return FailureStatus(FailureCode::kKeyUnsealable,
                       absl::StrCat("what is sealed for \"", binding, "\" does not open"));
}

}  // namespace muster::secrets
