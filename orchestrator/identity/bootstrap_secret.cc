#include "orchestrator/identity/bootstrap_secret.h"

#include "base/crypto/digest.h"

namespace muster::identity {

Secret NewBootstrapSecret(Random& random) { return Secret::Take(random.Base32(52)); }

std::string HashBootstrapSecret(absl::string_view secret) { return crypto::Sha256Hex(secret); }

}  // namespace muster::identity
