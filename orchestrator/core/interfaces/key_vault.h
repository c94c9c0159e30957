// Sealing and opening secrets. Implemented by orchestrator/secrets (AES-256-GCM under the master
// key), by a transparent fake in tests.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_KEY_VAULT_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_KEY_VAULT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "store/model/zone.h"

namespace muster::core {

// Thread-safe; microseconds of computation, no I/O.
class KeyVault {
 public:
  virtual ~KeyVault() = default;
  // `binding` is the associated data: what the secret belongs to, so that a sealed value moved
  // elsewhere does not open.
  virtual absl::StatusOr<store::Sealed> Seal(const Secret& secret, absl::string_view binding) = 0;
  // Equal for equal secrets of one purpose, under this master key only; tells nothing of the secret
  // to whom does not have the key. 32 hexadecimal digits.
  virtual std::string Fingerprint(const Secret& secret, absl::string_view purpose) = 0;
  // E-KEY-UNSEALABLE when the master key or the binding is another one.
  virtual absl::StatusOr<Secret> Open(const store::Sealed& sealed, absl::string_view binding) = 0;
};

// The bindings, in one place.
inline std::string JoiningKeyBinding(const ZoneId& zone, int version) {
  return absl::StrCat("joining-key ", zone.value(), " ", version);  // "joining-key acme/prod 3"
}
// The purpose of all versions' fingerprints, which are compared with each other.
inline std::string JoiningKeyPurpose(const ZoneId& zone) {
  return absl::StrCat("joining-key ", zone.value());
}
inline std::string VerifierBinding(const ZoneId& zone) {
  return absl::StrCat("verifier ", zone.value());  // "verifier acme/prod"
}

inline std::string ChannelBinding(const ChannelId& channel) {
  return absl::StrCat("channel ", channel.value());  // "channel acme/ops"
}

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_KEY_VAULT_H_
