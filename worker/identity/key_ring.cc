#include "worker/identity/key_ring.h"

#include <utility>

#include "base/failure.h"
#include "base/failure_code.h"
#include "proto/rpc/joining_secret.h"

namespace muster::worker {

void KeyRing::Use(const Secret& private_key_pem) {
  absl::StatusOr<crypto::PrivateKey> key = crypto::PrivateKey::FromPem(private_key_pem);
  if (!key.ok()) return;
  MutexLock lock(&mu_);
  if (!keys_.empty() && keys_.front().public_key() == key->public_key()) return;
  keys_.insert(keys_.begin(), *std::move(key));
  if (keys_.size() > 2) keys_.pop_back();
}

absl::StatusOr<Secret> KeyRing::OpenJoiningSecret(const v1::Command& command) const {
  std::vector<crypto::PrivateKey> keys;
  {
    MutexLock lock(&mu_);
    keys = keys_;
  }
  absl::StatusOr<Secret> secret =
      FailureStatus(FailureCode::kDispatchUnsealable, "this worker has no key");
  for (const crypto::PrivateKey& key : keys) {
    secret = rpc::OpenJoiningSecret(key, command);
    if (secret.ok()) break;
  }
  return secret;
}

}  // namespace muster::worker
