// A vault that seals in clear: tests look into it, and it refuses another binding as the real one.
#ifndef MUSTER_TESTS_SIM_SIM_VAULT_H_
#define MUSTER_TESTS_SIM_SIM_VAULT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "orchestrator/core/interfaces/key_vault.h"

namespace muster::sim {

class SimVault final : public core::KeyVault {
 public:
  absl::StatusOr<store::Sealed> Seal(const Secret& secret, absl::string_view binding) override {
    return store::Sealed{absl::StrCat("sealed|", binding, "|", secret.Reveal())};
  }
  std::string Fingerprint(const Secret& secret, absl::string_view purpose) override {
    return absl::StrCat("fingerprint|", purpose, "|", secret.Reveal());
  }
  absl::StatusOr<Secret> Open(const store::Sealed& sealed, absl::string_view binding) override {
    absl::string_view rest = sealed.bytes;
    if (locked || !absl::ConsumePrefix(&rest, absl::StrCat("sealed|", binding, "|"))) {
      return FailureStatus(FailureCode::kKeyUnsealable, binding);
    }
    return Secret::CopyOf(rest);
  }

  bool locked = false;  // Another master key.
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_VAULT_H_
