// The private keys that joining keys may be sealed to: that of the identity in use, and the one
// before, for what was sealed while it was replaced.
#ifndef MUSTER_WORKER_IDENTITY_KEY_RING_H_
#define MUSTER_WORKER_IDENTITY_KEY_RING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "base/crypto/key.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "muster/worker/v1/command.pb.h"

namespace muster::worker {

// Thread-safe.
class KeyRing {
 public:
  // The key in use from now on; one that cannot be read opens nothing.
  void Use(const Secret& private_key_pem);
  // The secret of a join command (proto/rpc/joining_secret.h). E-DISPATCH-UNSEALABLE.
  absl::StatusOr<Secret> OpenJoiningSecret(const v1::Command& command) const;

 private:
  mutable Mutex mu_;
  std::vector<crypto::PrivateKey> keys_ ABSL_GUARDED_BY(mu_);  // The newest first; two at most.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_KEY_RING_H_
