// The key vault of the programs: AES-256-GCM under the master key (base/crypto/sealing.h), with the
// binding as associated data.
#ifndef MUSTER_ORCHESTRATOR_SECRETS_SEALED_KEY_VAULT_H_
#define MUSTER_ORCHESTRATOR_SECRETS_SEALED_KEY_VAULT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "base/secret.h"
#include "orchestrator/core/interfaces/key_vault.h"

namespace muster::secrets {

// Thread-safe.
class SealedKeyVault final : public core::KeyVault {
 public:
  // `master_key` comes from LoadMasterKey; E-KEY-MASTER when it does not have 32 bytes. `random`
  // makes the nonces and must be fit for keys (crypto::SecureRandom()).
  static absl::StatusOr<std::unique_ptr<SealedKeyVault>> Create(Secret master_key, Random& random);

  absl::StatusOr<store::Sealed> Seal(const Secret& secret, absl::string_view binding) override;
  std::string Fingerprint(const Secret& secret, absl::string_view purpose) override;
  absl::StatusOr<Secret> Open(const store::Sealed& sealed, absl::string_view binding) override;
  // Whether the master key is kept out of swap space; the system may not allow it.
  bool key_is_locked() const { return key_is_locked_; }

 private:
  SealedKeyVault(Secret master_key, Random& random);

  const Secret master_key_;
  const bool key_is_locked_;
  Random& random_;
};

}  // namespace muster::secrets

#endif  // MUSTER_ORCHESTRATOR_SECRETS_SEALED_KEY_VAULT_H_
