// The secret of a bootstrap token: random text that only the token file holds; the store keeps its
// hash. 260 random bits need no salt and no slow hash.
#ifndef MUSTER_ORCHESTRATOR_IDENTITY_BOOTSTRAP_SECRET_H_
#define MUSTER_ORCHESTRATOR_IDENTITY_BOOTSTRAP_SECRET_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/random.h"
#include "base/secret.h"

namespace muster::identity {

// 52 lower-case base32 characters.
Secret NewBootstrapSecret(Random& random);
// Lower-case hex SHA-256, as in store::BootstrapToken::secret_hash. Any text has one.
std::string HashBootstrapSecret(absl::string_view secret);

}  // namespace muster::identity

#endif  // MUSTER_ORCHESTRATOR_IDENTITY_BOOTSTRAP_SECRET_H_
